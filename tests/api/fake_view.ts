/**
 * An agent in memory, for tests of the HTTP interface, and requests as they come in over each kind of connection.
 */
import {
  type AgentView,
  type Boundary,
  type EnforcementSnapshot,
  type FunctionsSnapshot,
  type InstanceEntry,
  type InvocationEntry,
  type MetricsSnapshot,
  type NewRule,
  type Parts,
  type Pin,
  type PriorityEntry,
  RequestError,
  type RuleEntry,
  type WhatIfSnapshot,
} from "../../api/agent_view.ts";
import { createApp } from "../../api/app.ts";
import type { ProblemDocument } from "../../api/problem.ts";
import type { Connection, SecurityOptions } from "../../api/security.ts";

export const UNIX: Connection = { transport: "unix" };
export const LOOPBACK: Connection = { transport: "tcp", listenHost: "127.0.0.1", boundAddress: "127.0.0.1" };
export const EVERYWHERE: Connection = { transport: "tcp", listenHost: "0.0.0.0", boundAddress: "0.0.0.0" };
export const TOKEN = "correct-horse-battery";

/** Two functions, of which the first can be pinned, a rule of each origin, and whatever a test puts in. */
export class FakeView implements AgentView {
  readonly version = "9.8.7";
  names = ["fib", "a/b ü"];
  pins = new Map<string, Pin>();
  rules: FunctionsSnapshot["rules"] = [
    { id: "r1", name: "fib", rule: "comm:fib", mode: "process", from: "command line" },
    { id: "r2", rule: "exe:/srv/{function}", mode: "warm", gap_ms: 5, from: "http" },
  ];
  asked: { limit: number; name: string | undefined }[] = [];
  enabled = true;
  nothingToSwitch = false;
  /** Whether a simulation takes too long. */
  slow = false;
  state = { ready: true, reasons: [] as string[] };
  states: Parts = {
    observing: { state: "working" },
    learning: { state: "working" },
    enforcing: { state: "working" },
  };
  snapshot: MetricsSnapshot = emptyMetrics();

  priorities() {
    const functions = this.names.map((name) => this.#entry(name));
    return { epoch: 4, backend: "stock", ml: "avg", slice_enforced: false, cpu_utilization: 61.5, functions };
  }

  priority(name: string): PriorityEntry | undefined {
    return this.names.includes(name) ? this.#entry(name) : undefined;
  }

  pin(name: string, pin: Pin): PriorityEntry {
    if (!this.names.includes(name)) {
      throw new RequestError(404, `no function ${JSON.stringify(name)} is known`);
    }
    this.pins.set(name, pin);
    return this.#entry(name);
  }

  unpin(name: string): boolean {
    return this.pins.delete(name);
  }

  readonly told: Boundary[] = [];

  tell(boundary: Boundary): InstanceEntry {
    if (boundary.pid === 404) throw new RequestError(404, "no instance of that process");
    this.told.push(boundary);
    return { function: "fib", function_id: "1", pid: boundary.pid ?? 7 };
  }

  functions(): FunctionsSnapshot {
    return {
      rules: this.rules,
      functions: [{
        name: "fib",
        id: "1",
        platform: "rule",
        rule_id: "r1",
        found_by: "rule r1",
        mode: "warm",
        gap_ms: 5,
        instances: 2,
        overlapped: 3,
        cgroups: ["/fib"],
      }],
      unknown: [{ cgroup: "/x", pid: 7, hint: "add a rule" }],
      platforms: [{ name: "docker", state: "working", detail: "/var/run/docker.sock" }],
    };
  }

  addRule(rule: NewRule): RuleEntry {
    if (!rule.rule.includes(":")) throw new RequestError(400, "rule has no kind", "rule");
    if (this.rules.some((one) => one.rule === rule.rule)) {
      throw new RequestError(409, "the rule exists already");
    }
    const { name, gap_ms } = rule;
    const entry = {
      id: `r${this.rules.length + 1}`,
      ...(name !== undefined && { name }),
      rule: rule.rule,
      mode: rule.mode ?? "auto" as const,
      ...(gap_ms !== undefined && { gap_ms }),
      from: "http" as const,
    };
    this.rules.push(entry);
    return entry;
  }

  removeRule(idOrName: string): boolean {
    const found = this.rules.find((rule) => rule.id === idOrName || rule.name === idOrName);
    if (!found) return false;
    if (found.from !== "http") throw new RequestError(409, `rule ${found.id} is from the ${found.from}`);
    this.rules = this.rules.filter((rule) => rule !== found);
    return true;
  }

  invocations(limit: number, name?: string): InvocationEntry[] {
    this.asked.push({ limit, name });
    return [{
      function: name ?? "fib",
      function_id: "1",
      pid: 42,
      kind: "process",
      start: "2026-03-01T12:00:00.000001Z",
      end: "2026-03-01T12:00:00.005001Z",
      cpu_us: 4000,
      wait_us: 1000,
      turnaround_us: 5000,
      execution_us: 4500,
      preemptions: 3,
    }];
  }

  whatIf(minutes: number): Promise<WhatIfSnapshot> {
    this.asked.push({ limit: minutes, name: "whatif" });
    if (this.slow) return Promise.reject(new RequestError(503, "it takes longer than 60 s"));
    const turnaround = { mean_ms: 2.5, p99_ms: 9 };
    const entry = {
      invocations: 3,
      cpu_ms: 2,
      measured: turnaround,
      fair: turnaround,
      policy: turnaround,
      oracle: turnaround,
    };
    const since = "2026-03-01T12:00:00.000001Z";
    return Promise.resolve({
      ...{ minutes, since, until: since, cores: 2, load: 0.5, backend: "none", ml: "avg", epoch: 1 },
      gap_closed: { measured: null, policy: 0.5 },
      all: entry,
      functions: [{ name: "fib", ...entry }],
    });
  }

  enforcement(): EnforcementSnapshot {
    const since = "2026-03-01T12:00:00.000000Z";
    if (this.enabled) return { enabled: true, by: "start", since };
    const reason = "switched off by a person";
    return { enabled: false, by: "person", since, reason, tries_again: since };
  }

  setEnforcement(enabled: boolean): Promise<EnforcementSnapshot> {
    if (this.nothingToSwitch) return Promise.reject(new RequestError(409, "the backend is none"));
    this.enabled = enabled;
    return Promise.resolve(this.enforcement());
  }

  readiness() {
    return this.state;
  }

  parts(): Parts {
    return this.states;
  }

  metrics(): MetricsSnapshot {
    return this.snapshot;
  }

  #entry(name: string): PriorityEntry {
    const pin = this.pins.get(name);
    const place = this.names.indexOf(name) + 1;
    return {
      name,
      id: String(place),
      priority: pin?.priority ?? place,
      slice_us: pin?.slice_us ?? 1000 * place,
      source: pin ? "pinned" : "learned",
      predicted_cpu_us: 1500,
      invocations: 12,
      updated_at: "2026-03-01T12:00:00.000000Z",
    };
  }
}

export function emptyMetrics(): MetricsSnapshot {
  return {
    functions: [],
    activeInvocations: 0,
    mostActiveInvocations: 0,
    functionsKnown: 0,
    epoch: 0,
    cpuUtilization: 0,
    backend: "none",
    eventsTotal: 0,
    eventsLost: {},
    decisionsTotal: 0,
    promotionsTotal: 0,
    demotionsTotal: 0,
    groupPromotionsTotal: 0,
    groupDemotionsTotal: 0,
    migrationsTotal: 0,
    sparedTotal: 0,
    enforcementErrors: {},
    unidentified: {},
    enforcementEnabled: true,
    guardTrips: {},
    longestWaitSeconds: 0,
    longWaits: {},
    learnEpochSeconds: 0,
    latencies: {},
  };
}

/** An application over a fake agent, and a way to ask it over a connection (the Unix socket if not said). */
export function fakeApi(security: SecurityOptions = {}) {
  const view = new FakeView();
  const app = createApp(view, { security });
  const ask = (path: string, init: RequestInit = {}, connection: Connection = UNIX): Promise<Response> =>
    Promise.resolve(app.request(path, init, { connection }));
  const send = (
    method: string,
    path: string,
    body: unknown,
    connection: Connection = UNIX,
  ): Promise<Response> =>
    ask(
      path,
      { method, body: JSON.stringify(body), headers: { "Content-Type": "application/json" } },
      connection,
    );
  return { view, app, ask, send };
}

/** The problem in an answer; fails where the answer is none, or has another status. */
export async function problemOf(answer: Response, status: number): Promise<ProblemDocument> {
  const text = await answer.text();
  if (answer.status !== status) throw new Error(`wanted status ${status}, got ${answer.status}: ${text}`);
  const type = answer.headers.get("content-type");
  if (type !== "application/problem+json") throw new Error(`wanted a problem, got ${type}: ${text}`);
  const problem: ProblemDocument = JSON.parse(text);
  if (problem.status !== status || problem.type !== "about:blank" || !problem.title || !problem.detail) {
    throw new Error(`not a whole problem: ${text}`);
  }
  return problem;
}
