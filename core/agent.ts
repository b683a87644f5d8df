/** The agent: the parts, wired together. Observing → learning → enforcing, and what the HTTP interface asks for. */

import { getLogger } from "@logtape/logtape";
import {
  type AgentView,
  type NewRule,
  type Pin,
  type PriorityEntry,
  RequestError,
} from "../api/agent_view.ts";
import type {
  FunctionsSnapshot,
  InvocationEntry,
  MetricsSnapshot,
  PrioritySnapshot,
  RuleEntry,
} from "../api/agent_view.ts";
import { onlineCpus } from "../enforce/placement.ts";
import { LearningThread } from "../learn/client.ts";
import type { FinetuneOptions } from "../learn/finetune.ts";
import type { Moment } from "../learn/messages.ts";
import type { Policy } from "../learn/policy.ts";
import { Classifier } from "../observe/classifier.ts";
import { type FunctionInfo, FunctionTable } from "../observe/functions.ts";
import type { Invocation } from "../observe/invocation.ts";
import { Observer } from "../observe/observer.ts";
import { RuleSet } from "../observe/rule_set.ts";
import { parseRule, ruleEntry, RuleError, type RuleSpec } from "../observe/rules.ts";
import { CpuUtilization } from "./cpu_utilization.ts";
import { EventThread } from "./event_thread.ts";
import { History, invocationEntry } from "./history.ts";
import type { EventThreadReport } from "./messages.ts";
import { agentMetrics } from "./metrics.ts";
import { OrdersSender } from "./orders.ts";
import { Pins, priorityEntries } from "./pins.ts";
import { nowUs, rfc3339, wallClock } from "./wall_clock.ts";

const log = getLogger(["alps", "agent"]);

/** Longest time until pins are looked over again, in milliseconds: timers do not take more. */
const PINS_MS = 2 ** 31 - 1;

export interface AgentOptions {
  readonly version: string;
  readonly ml: string;
  readonly finetune: Partial<FinetuneOptions>;
  readonly epochS: number;
  readonly maxWaitS: number;
  readonly backend: "stock" | "none";
  readonly rules: readonly RuleSpec[];
  readonly expResult: string | undefined;
  /** Whether waiting chosen tasks are moved between CPUs; for comparisons. */
  readonly migrate?: boolean;
}

/** A running agent. Closing it puts everything back as it was found. */
export class Agent implements AgentView, AsyncDisposable {
  readonly version: string;
  readonly #resources = new AsyncDisposableStack();
  readonly #observer: Observer;
  readonly #classifier: Classifier;
  readonly #functions: FunctionTable;
  readonly #history: History;
  readonly #cpu = new CpuUtilization();
  readonly #pins = new Pins();
  readonly #orders = new OrdersSender();
  #events!: EventThread;
  #learning!: LearningThread;
  #policy: Policy | undefined;
  #policyAt = rfc3339(nowUs());
  #learnSeconds = 0;
  #instances: ReadonlyMap<number, number> = new Map();
  #report: EventThreadReport | undefined;
  #pinTimer: ReturnType<typeof setTimeout> | undefined;
  #troubles: string[] = ["starting"];

  private constructor(readonly options: AgentOptions, cpus: number[]) {
    this.version = options.version;
    using started = new DisposableStack();
    this.#observer = started.use(new Observer(cpus.length));
    this.#functions = new FunctionTable((info) => this.#observer.addFunction(info.id));
    this.#classifier = new Classifier(this.#observer, new RuleSet(), this.#functions);
    this.#history = started.use(
      new History(options.expResult, (error) =>
        log.error("cannot write {file}: {error}", {
          file: options.expResult,
          error: error instanceof Error ? error.message : String(error),
        })),
    );
    this.#resources.use(started.move());
  }

  /** Starts all parts; throws, with nothing left behind, where one cannot start. */
  static async start(options: AgentOptions): Promise<Agent> {
    const cpus = onlineCpus();
    const agent = new Agent(options, cpus);
    try {
      await agent.#start(cpus);
      return agent;
    } catch (error) {
      await agent[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(cpus: number[]): Promise<void> {
    const { ml, finetune, backend, migrate, maxWaitS, rules, epochS } = this.options;
    this.#learning = this.#resources.use(LearningThread.start({ ml, finetune, cores: cpus.length }, {
      policy: (policy, seconds) => this.#enforce(policy, seconds),
      failed: (message) => this.#trouble(`learning has stopped: ${message}`),
    }));
    const { thread, realtime, note } = await EventThread.start(
      this.#observer.libc,
      { ...this.#observer.fds, backend, cpus, migrate: migrate !== false, maxWaitNs: maxWaitS * 1e9 },
      {
        ended: (invocations) => this.#ended(invocations),
        asked: (question) => this.#classifier.answer(question),
        state: (active, report) => {
          this.#instances = active;
          this.#report = report;
        },
        noted: (text) => log.warning("{text}", { text }),
        failed: (message) => this.#trouble(`enforcement has stopped: ${message}`),
      },
    );
    this.#events = this.#resources.use(thread);
    if (backend !== "none" && !realtime) {
      log.warning("the event thread has no real-time class ({note}): reactions will be late under load", {
        note,
      });
    }
    this.#classifier.addRules(rules);
    const epochs = setInterval(() => this.#learning.request(this.#moment(true)), epochS * 1000);
    this.#resources.defer(() => clearInterval(epochs));
    this.#resources.defer(() => clearTimeout(this.#pinTimer));
    this.#troubles = [];
  }

  /** Resolves when a part of the agent has failed for good. */
  readonly failure = Promise.withResolvers<string>();

  async [Symbol.asyncDispose](): Promise<void> {
    this.#troubles = ["stopping"];
    await this.#resources.disposeAsync();
  }

  // ---- from the kernel to the policy and back

  #ended(invocations: Invocation[]): void {
    const time = wallClock(this.#observer.libc.monotonicNs());
    const entries: InvocationEntry[] = [];
    for (const invocation of invocations) {
      const info = this.#functions.byId(invocation.functionId);
      if (!info) continue;
      info.invocations++;
      entries.push(invocationEntry(invocation, info.name, time));
    }
    this.#history.add(entries);
    this.#learning.add(invocations, this.#moment(false));
  }

  #moment(epochEnds: boolean): Moment {
    return { nowNs: this.#observer.libc.monotonicNs(), cpuUtilization: this.#cpu.percent(epochEnds) };
  }

  #enforce(policy: Policy, seconds: number): void {
    this.#learnSeconds = seconds;
    this.#policy = policy;
    this.#policyAt = rfc3339(nowUs());
    this.#sendOrders();
    log.debug("policy {epoch}: {functions} functions, CPUs {cpu} % busy", {
      epoch: policy.epoch,
      functions: policy.functions.length,
      cpu: Math.round(policy.cpuUtilization),
    });
  }

  #sendOrders(): void {
    this.#events.setOrders(this.#orders.next(this.#policy, this.#pins.ranks(this.#policy)));
  }

  /** Sends what the pins have become, and comes back when the next one ends. */
  #pinsChanged(): void {
    this.#pins.expire(Date.now());
    this.#sendOrders();
    clearTimeout(this.#pinTimer);
    const nextMs = this.#pins.nextExpiryMs - Date.now();
    if (nextMs < Infinity) {
      this.#pinTimer = setTimeout(() => this.#pinsChanged(), Math.min(Math.max(nextMs, 0), PINS_MS));
    }
  }

  /** The event thread's figures now. */
  async report(): Promise<EventThreadReport> {
    return this.#report = await this.#events.report();
  }

  #trouble(message: string): void {
    log.fatal(message);
    this.#troubles.push(message);
    this.failure.resolve(message);
  }

  // ---- AgentView

  priorities(): PrioritySnapshot {
    return {
      epoch: this.#policy?.epoch ?? 0,
      backend: this.options.backend,
      ml: this.options.ml,
      slice_enforced: false,
      cpu_utilization: Math.round(10 * (this.#policy?.cpuUtilization ?? this.#cpu.percent(false))) / 10,
      functions: priorityEntries(this.#policy, this.#policyAt, this.#pins, (id) => this.#functions.byId(id)),
    };
  }

  priority(name: string): PriorityEntry | undefined {
    return this.priorities().functions.find((entry) => entry.name === name);
  }

  pin(name: string, pin: Pin): PriorityEntry {
    const info = this.#functions.byName(name);
    if (!info) throw new RequestError(404, `cannot pin "${name}": no function of that name has been seen`);
    this.#pins.set(info.id, pin, Date.now());
    this.#pinsChanged();
    return this.priority(name)!;
  }

  unpin(name: string): boolean {
    const info = this.#functions.byName(name);
    if (!info || !this.#pins.delete(info.id)) return false;
    this.#pinsChanged();
    return true;
  }

  functions(): FunctionsSnapshot {
    const functions = [...this.#functions].map((info: FunctionInfo) => ({
      name: info.name,
      id: String(info.id),
      platform: info.platform,
      rule_id: info.ruleId,
      instances: this.#instances.get(info.id) ?? 0,
      cgroups: [...info.cgroups],
    }));
    return {
      rules: this.#classifier.rules.list().map(ruleEntry),
      functions,
      unknown: this.#classifier.unknown,
    };
  }

  addRule({ name, rule, mode, gap_ms }: NewRule): RuleEntry {
    const options = (mode ? `;mode=${mode}` : "") + (gap_ms === undefined ? "" : `;gap_ms=${gap_ms}`);
    try {
      const spec = parseRule((name === undefined ? "" : `${name}=`) + rule + options, "http");
      return ruleEntry(this.#classifier.addRules([spec])[0]!);
    } catch (error) {
      if (!(error instanceof RuleError)) throw error;
      throw new RequestError(error.code === "duplicate" ? 409 : 400, error.message, error.field);
    }
  }

  removeRule(idOrName: string): boolean {
    const found = this.#classifier.rules.find(idOrName);
    const foreign = found.find((rule) => rule.from !== "http");
    if (foreign) {
      throw new RequestError(409, `cannot delete rule ${foreign.id}: it comes from the ${foreign.from}`);
    }
    return this.#classifier.removeRules(idOrName).length > 0;
  }

  invocations(limit: number, functionName?: string): InvocationEntry[] {
    return this.#history.latest(limit, functionName);
  }

  readiness(): { ready: boolean; reasons: string[] } {
    return { ready: this.#troubles.length === 0, reasons: this.#troubles };
  }

  metrics(): MetricsSnapshot {
    return agentMetrics({
      observer: this.#observer,
      functions: this.#functions,
      report: this.#report,
      backend: this.options.backend,
      epoch: this.#policy?.epoch ?? 0,
      cpuUtilization: this.#policy?.cpuUtilization ?? 0,
      learnSeconds: this.#learnSeconds,
      unidentified: this.#classifier.failures,
    });
  }
}
