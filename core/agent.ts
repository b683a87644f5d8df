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
  EnforcementSnapshot,
  FunctionsSnapshot,
  InvocationEntry,
  MetricsSnapshot,
  PartName,
  Parts,
  PrioritySnapshot,
  RuleEntry,
} from "../api/agent_view.ts";
import { onlineCpus } from "../enforce/placement.ts";
import { LearningThread } from "../learn/client.ts";
import type { FinetuneOptions } from "../learn/finetune.ts";
import type { Moment } from "../learn/messages.ts";
import type { Policy } from "../learn/policy.ts";
import { Classifier } from "../observe/classifier.ts";
import { Exclusions, type ExclusionSpec, NO_EXCLUSIONS } from "../observe/exclusions.ts";
import { type FunctionInfo, FunctionTable, MOST_FUNCTIONS } from "../observe/functions.ts";
import type { Invocation } from "../observe/invocation.ts";
import { Observer } from "../observe/observer.ts";
import { RuleSet } from "../observe/rule_set.ts";
import { ruleEntry, type RuleSpec } from "../observe/rules.ts";
import type { EnforcementState } from "./enforcement.ts";
import { EnforcementSwitch } from "./enforcement_switch.ts";
import { CpuUtilization } from "./cpu_utilization.ts";
import { EventThread } from "./event_thread.ts";
import { HeapKeeper } from "./heap_keeper.ts";
import { History, invocationEntry } from "./history.ts";
import type { EventThreadReport } from "./messages.ts";
import { agentMetrics } from "./metrics.ts";
import { partStates } from "./readiness.ts";
import { addRule, removeRule } from "./rule_requests.ts";
import { OrdersSender } from "./orders.ts";
import { Pins, priorityEntries } from "./pins.ts";
import { nowUs, rfc3339, wallClock } from "./wall_clock.ts";

const log = getLogger(["alps", "agent"]);

/** Longest time until pins are looked over again, in milliseconds: timers do not take more. */
const PINS_MS = 2 ** 31 - 1;

/** How often functions that have not run for long are looked for. */
const FORGET_EVERY_MS = 3_600_000;

export interface AgentOptions {
  readonly version: string;
  readonly ml: string;
  readonly finetune: Partial<FinetuneOptions>;
  readonly epochS: number;
  readonly maxWaitS: number;
  readonly backend: "stock" | "none";
  /** Descriptor of the journal of changes; undefined: nothing is written down (benchmarks, tests). */
  readonly journalFd?: number | undefined;
  /** Why this agent, which was to enforce, only observes and learns. */
  readonly notEnforcing?: string | undefined;
  readonly rules: readonly RuleSpec[];
  /** What is left alone; nothing where it is left out. */
  readonly exclude?: ExclusionSpec;
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
  readonly #switch: EnforcementSwitch;
  readonly #heap = new HeapKeeper();
  #events!: EventThread;
  #learning!: LearningThread;
  #policy: Policy | undefined;
  #policyAt = rfc3339(nowUs());
  #learnSeconds = 0;
  #instances: ReadonlyMap<number, number> = new Map();
  #report: EventThreadReport | undefined;
  #pinTimer: ReturnType<typeof setTimeout> | undefined;
  #troubles: string[] = ["starting"];
  /** Which parts a trouble is about. */
  readonly #troubledParts = new Map<string, readonly PartName[]>();

  private constructor(readonly options: AgentOptions, cpus: number[]) {
    this.version = options.version;
    using started = new DisposableStack();
    this.#observer = started.use(new Observer(cpus.length, options.maxWaitS * 1e9));
    this.#switch = new EnforcementSwitch(
      options.backend,
      this.#observer.libc.monotonicNs(),
      this.#wallClock(),
    );
    this.#functions = new FunctionTable((info) => this.#observer.addFunction(info.id));
    const exclusions = new Exclusions(options.exclude ?? NO_EXCLUSIONS);
    this.#classifier = new Classifier(this.#observer, new RuleSet(exclusions), this.#functions);
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
    const { ml, finetune, backend, journalFd, migrate, maxWaitS, rules, epochS } = this.options;
    this.#learning = this.#resources.use(LearningThread.start({ ml, finetune, cores: cpus.length }, {
      policy: (policy, seconds) => this.#enforce(policy, seconds),
      failed: (message) => this.#trouble(`learning has stopped: ${message}`, "learning"),
    }));
    const { thread, realtime, note } = await EventThread.start(
      this.#observer.libc,
      {
        ...this.#observer.fds,
        backend,
        journalFd,
        cpus,
        migrate: migrate !== false,
        maxWaitNs: maxWaitS * 1e9,
      },
      {
        ended: (invocations) => this.#ended(invocations),
        asked: (question) => {
          this.#classifier.answer(question);
          if (this.#functions.size > MOST_FUNCTIONS) this.#forgetFunctions();
        },
        decided: (functionId, warm) => this.#decided(functionId, warm),
        state: (active, report) => {
          this.#heap.look();
          this.#instances = active;
          this.#report = report;
        },
        guarded: (state) => this.#guarded(state),
        noted: (text) => log.warning("{text}", { text }),
        // It reads the events, too.
        failed: (message) => this.#trouble(`enforcement has stopped: ${message}`, "observing", "enforcing"),
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
    const forgetting = setInterval(() => this.#forgetFunctions(), FORGET_EVERY_MS);
    this.#resources.defer(() => clearInterval(forgetting));
    this.#resources.defer(() => clearTimeout(this.#pinTimer));
    this.#troubles = this.options.notEnforcing === undefined ? [] : [this.options.notEnforcing];
  }

  #guarded(state: EnforcementState): void {
    this.#switch.take(state, this.#wallClock());
    if (state.trip?.reason !== "events_lost") return;
    try {
      this.#events.putBack(this.#observer.members());
    } catch (error) {
      log.error("cannot list the tasks of invocations: {error}", {
        error: error instanceof Error ? error.message : String(error),
      });
    }
  }

  /** Resolves when a part of the agent has failed for good. */
  readonly failure = Promise.withResolvers<string>();

  async [Symbol.asyncDispose](): Promise<void> {
    this.#troubles = ["stopping"];
    await this.#resources.disposeAsync();
  }

  #wallClock(): (monotonicNs: number) => string {
    return wallClock(this.#observer.libc.monotonicNs());
  }

  // ---- from the kernel to the policy and back

  #ended(invocations: Invocation[]): void {
    const time = this.#wallClock();
    const entries: InvocationEntry[] = [];
    for (const invocation of invocations) {
      const info = this.#functions.byId(invocation.functionId);
      if (!info) continue;
      info.invocations++;
      if (invocation.overlapped) this.#overlapped(info);
      info.lastSeenMs = performance.now();
      entries.push(invocationEntry(invocation, info.name, time));
    }
    this.#history.add(entries);
    this.#learning.add(invocations, this.#moment(false));
  }

  #decided(functionId: number, warm: boolean): void {
    if (!this.#classifier.modes.decided(functionId, warm)) return;
    log.info(
      warm
        ? "function {name} is warm: its processes live on from one request to the next"
        : "function {name} is not warm: its processes exit after few requests",
      { name: this.#functions.byId(functionId)?.name },
    );
  }

  #overlapped(info: FunctionInfo): void {
    if (info.overlapped++ > 0) return;
    log.warning(
      "function {name} has several tasks at work in one instance: requests that overlap there look like one longer invocation",
      { name: info.name },
    );
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
    this.#pins.expire(performance.now());
    this.#sendOrders();
    clearTimeout(this.#pinTimer);
    const nextMs = this.#pins.nextExpiryMs - performance.now();
    if (nextMs < Infinity) {
      this.#pinTimer = setTimeout(() => this.#pinsChanged(), Math.min(Math.max(nextMs, 0), PINS_MS));
    }
  }

  /** The event thread's figures now. */
  async report(): Promise<EventThreadReport> {
    return this.#report = await this.#events.report();
  }

  /** Forgets functions that have not run for long, and everything that is kept of them. */
  #forgetFunctions(): void {
    const gone = this.#functions.forget(
      performance.now(),
      ({ id }) => this.#instances.has(id) || this.#pins.get(id) !== undefined,
    );
    if (gone.length === 0) return;
    // First what the kernel side remembers by their numbers, so that none begins under one that is gone.
    this.#classifier.voidVerdicts();
    for (const { id } of gone) {
      this.#observer.removeFunction(id);
      this.#classifier.modes.forget(id);
    }
    this.#learning.forget(gone.map(({ id }) => id));
    log.info("forgot {functions} functions that have not run for long", { functions: gone.length });
  }

  #trouble(message: string, ...parts: PartName[]): void {
    log.fatal("{message}", { message });
    this.#troubles.push(message);
    this.#troubledParts.set(message, parts);
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
    this.#pins.set(info.id, pin, performance.now(), Date.now());
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
      mode: this.#classifier.modes.of(info.id),
      instances: this.#instances.get(info.id) ?? 0,
      overlapped: info.overlapped,
      cgroups: [...info.cgroups],
    }));
    return {
      rules: this.#classifier.rules.list().map(ruleEntry),
      functions,
      unknown: this.#classifier.unknown,
    };
  }

  addRule(body: NewRule): RuleEntry {
    return addRule(this.#classifier, body);
  }

  removeRule(idOrName: string): boolean {
    return removeRule(this.#classifier, idOrName);
  }

  invocations(limit: number, functionName?: string): InvocationEntry[] {
    return this.#history.latest(limit, functionName);
  }

  enforcement(): EnforcementSnapshot {
    return this.#switch.snapshot;
  }

  async setEnforcement(enabled: boolean): Promise<EnforcementSnapshot> {
    if (this.options.backend === "none" && enabled) {
      throw new RequestError(409, "cannot switch enforcement on: the backend is none");
    }
    if (this.options.backend !== "none") {
      this.#switch.take(await this.#events.setEnforcement(enabled), this.#wallClock());
    }
    return this.enforcement();
  }

  readiness(): { ready: boolean; reasons: string[] } {
    const { trouble } = this.#switch;
    const reasons = trouble === undefined ? this.#troubles : [...this.#troubles, trouble];
    return { ready: reasons.length === 0, reasons };
  }

  parts(): Parts {
    return partStates(this.readiness().reasons, this.#troubledParts, this.options.backend);
  }

  metrics(): MetricsSnapshot {
    return agentMetrics({
      observer: this.#observer,
      functions: this.#functions,
      report: this.#report,
      enforcement: this.#switch.state,
      backend: this.options.backend,
      epoch: this.#policy?.epoch ?? 0,
      cpuUtilization: this.#policy?.cpuUtilization ?? 0,
      learnSeconds: this.#learnSeconds,
      unidentified: this.#classifier.failures,
    });
  }
}
