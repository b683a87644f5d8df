/** The agent: the parts, wired together. Observing → learning → enforcing. */

import { getLogger } from "@logtape/logtape";
import type { AgentView, PartName } from "../api/agent_view.ts";
import { onlineCpus } from "../enforce/cpu_lists.ts";
import { LearningThread } from "../learn/client.ts";
import type { Policy } from "../learn/policy.ts";
import { Classifier } from "../observe/classifier.ts";
import { Exclusions, NO_EXCLUSIONS } from "../observe/exclusions.ts";
import { FunctionTable } from "../observe/functions.ts";
import { Observer } from "../observe/observer.ts";
import { RuleSet } from "../observe/rule_set.ts";
import type { AgentOptions } from "./agent_options.ts";
import { Answers } from "./answers.ts";
import { thisMachinesCgroups } from "./cgroup_folders.ts";
import { announceSources, makeDiscovery } from "./discovery.ts";
import { Boundaries } from "./boundaries.ts";
import { enforcesSlices } from "./backend_choice.ts";
import { CpuUtilization } from "./cpu_utilization.ts";
import type { EnforcementState } from "./enforcement.ts";
import { EnforcementSwitch } from "./enforcement_switch.ts";
import { EventThread } from "./event_thread.ts";
import { HeapKeeper } from "./heap_keeper.ts";
import { History } from "./history.ts";
import { Intake } from "./intake.ts";
import type { EventThreadReport } from "./messages.ts";
import { Ordering } from "./ordering.ts";
import { Troubles } from "./readiness.ts";
import { RecentRuns } from "./recent_runs.ts";
import { wallClock } from "./wall_clock.ts";
import { WhatIfAnswers } from "./whatif.ts";

const log = getLogger(["alps", "agent"]);

/** How often functions that have not run for long are looked for. */
const FORGET_EVERY_MS = 3_600_000;

/** A running agent. Closing it puts everything back as it was found. */
export class Agent implements AsyncDisposable {
  /** What people and programs ask it. */
  readonly view: AgentView;
  readonly #resources = new AsyncDisposableStack();
  readonly #observer: Observer;
  readonly #classifier: Classifier;
  readonly #functions: FunctionTable;
  readonly #history: History;
  readonly #runs = new RecentRuns();
  readonly #cpu: CpuUtilization;
  readonly #order: Ordering;
  readonly #troubles = new Troubles();
  readonly #switch: EnforcementSwitch;
  readonly #heap = new HeapKeeper();
  #events!: EventThread;
  #learning!: LearningThread;
  #learnSeconds = 0;
  #instances: ReadonlyMap<number, number> = new Map();
  #report: EventThreadReport | undefined;

  private constructor(readonly options: AgentOptions, cpus: number[]) {
    using started = new DisposableStack();
    this.#cpu = new CpuUtilization(cpus);
    this.#order = new Ordering((orders) => this.#events.setOrders(orders), enforcesSlices(options.backend));
    this.#observer = started.use(new Observer(cpus.length, options.maxWaitS * 1e9));
    this.#switch = new EnforcementSwitch(
      options.backend,
      this.#observer.libc.monotonicNs(),
      this.#wallClock(),
    );
    this.#functions = new FunctionTable(({ id, name }) => {
      this.#observer.addFunction(id);
      this.#learning.meet(id, name, this.#observer.libc.monotonicNs());
    }, options.functionIds);
    const exclusions = new Exclusions(options.exclude ?? NO_EXCLUSIONS);
    const cgroups = thisMachinesCgroups();
    this.#classifier = new Classifier(
      this.#observer,
      new RuleSet(exclusions),
      this.#functions,
      options.discovery && started.use(makeDiscovery(options.discovery, cgroups)),
      cgroups,
    );
    this.#history = started.use(
      new History(options.expResult, (error) =>
        log.error("cannot write {file}: {error}", {
          file: options.expResult,
          error: error instanceof Error ? error.message : String(error),
        })),
    );
    this.view = new Answers({
      options,
      observer: this.#observer,
      functions: this.#functions,
      classifier: this.#classifier,
      history: this.#history,
      cpu: this.#cpu,
      order: this.#order,
      enforcement: this.#switch,
      troubles: this.#troubles,
      boundaries: started.use(
        new Boundaries({
          observer: this.#observer,
          functions: this.#functions,
          classifier: this.#classifier,
        }),
      ),
      whatIf: new WhatIfAnswers({
        runs: this.#runs,
        cores: cpus.length,
        ml: options.ml,
        backend: options.backend,
        policy: () => this.#order.policy,
        nameOf: (id) => this.#functions.byId(id)?.name,
        monotonicNs: () => this.#observer.libc.monotonicNs(),
      }),
      figures: () => ({
        instances: this.#instances,
        report: this.#report,
        learnSeconds: this.#learnSeconds,
      }),
      silentForNs: () => this.#events.silentForNs(this.#observer.libc.monotonicNs()),
      switchTo: async (enabled) =>
        this.#switch.take(await this.#events.setEnforcement(enabled), this.#wallClock()),
    });
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
    const { ml, finetune, learnedFile, backend, journalFd, migrate, maxWaitS, rules, epochS } = this.options;
    const learning = LearningThread.start({ ml, finetune, cores: cpus.length, file: learnedFile }, {
      policy: (policy, seconds) => this.#enforce(policy, seconds),
      failed: (message) => this.#trouble(`learning has stopped: ${message}`, "learning"),
      noted: ({ level, text }) => log[level]("{text}", { text }),
    });
    this.#learning = this.#resources.use(learning);
    const intake = new Intake({
      observer: this.#observer,
      functions: this.#functions,
      classifier: this.#classifier,
      history: this.#history,
      runs: this.#runs,
      learning,
      cpu: this.#cpu,
      isInUse: (id) => this.#instances.has(id) || this.#order.isPinned(id),
    });
    const { thread, realtime, note } = await EventThread.start(
      this.#observer.libc,
      {
        ...this.#observer.fds,
        backend,
        orStock: this.options.orStock,
        journalFd,
        cpus,
        migrate: migrate !== false,
        maxWaitNs: maxWaitS * 1e9,
      },
      {
        ended: (invocations) => intake.ended(invocations),
        asked: (question) => intake.asked(question),
        decided: (functionId, warm) => intake.decided(functionId, warm),
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
    this.#classifier.discover();
    const { discovery } = this.#classifier;
    if (discovery) this.#resources.use(announceSources(discovery, log));
    const epochs = setInterval(() => intake.epochEnds(), epochS * 1000);
    this.#resources.defer(() => clearInterval(epochs));
    const forgetting = setInterval(() => intake.forgetFunctions(), FORGET_EVERY_MS);
    this.#resources.defer(() => clearInterval(forgetting));
    this.#resources.use(this.#order);
    this.#troubles.phase = undefined;
    if (this.options.notEnforcing !== undefined) this.#troubles.add(this.options.notEnforcing, "enforcing");
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
    this.#troubles.phase = "stopping";
    await this.#resources.disposeAsync();
  }

  #wallClock(): (monotonicNs: number) => string {
    return wallClock(this.#observer.libc.monotonicNs());
  }

  #enforce(policy: Policy, seconds: number): void {
    this.#learnSeconds = seconds;
    this.#order.take(policy);
    log.debug("policy {epoch}: {functions} functions, CPUs {cpu} % busy", {
      epoch: policy.epoch,
      functions: policy.functions.length,
      cpu: Math.round(policy.cpuUtilization),
    });
  }

  /** The event thread's figures now. */
  async report(): Promise<EventThreadReport> {
    return this.#report = await this.#events.report();
  }

  #trouble(message: string, ...parts: PartName[]): void {
    log.fatal("{message}", { message });
    this.#troubles.add(message, ...parts);
    this.failure.resolve(message);
  }
}
