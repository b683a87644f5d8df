/** What the HTTP interface asks, answered from the agent's parts. */

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
  type PrioritySnapshot,
  RequestError,
  type RuleEntry,
  type WhatIfSnapshot,
} from "../api/agent_view.ts";
import type { Classifier } from "../observe/classifier.ts";
import { type FunctionTable, shownId } from "../observe/functions.ts";
import type { Observer } from "../observe/observer.ts";
import { ruleEntry } from "../observe/rules.ts";
import type { AgentOptions } from "./agent_options.ts";
import type { Boundaries } from "./boundaries.ts";
import { enforcesSlices } from "./backend_choice.ts";
import type { CpuUtilization } from "./cpu_utilization.ts";
import type { EnforcementSwitch } from "./enforcement_switch.ts";
import type { History } from "./history.ts";
import type { EventThreadReport } from "./messages.ts";
import { agentMetrics } from "./metrics.ts";
import type { Ordering } from "./ordering.ts";
import type { Trouble, Troubles } from "./readiness.ts";
import { addRule, removeRule } from "./rule_requests.ts";
import type { WhatIfAnswers } from "./whatif.ts";

/**
 * The event thread looks at events once a second at least. Where it has not for so long, it is kept from it, and cannot
 * say so itself.
 */
const SILENT_NS = 4_000_000_000;

/** What the answers are taken from. */
export interface AgentParts {
  readonly options: AgentOptions;
  readonly observer: Observer;
  readonly functions: FunctionTable;
  readonly classifier: Classifier;
  readonly history: History;
  readonly cpu: CpuUtilization;
  readonly order: Ordering;
  readonly enforcement: EnforcementSwitch;
  readonly troubles: Troubles;
  readonly whatIf: WhatIfAnswers;
  readonly boundaries: Boundaries;
  /** What the threads have told last. */
  figures(): {
    /** Instances by function. */
    readonly instances: ReadonlyMap<number, number>;
    readonly report: EventThreadReport | undefined;
    readonly learnSeconds: number;
  };
  /** For how long the event thread has not looked at events, in nanoseconds. */
  silentForNs(): number;
  /** Has enforcement switched; resolves once that is done. */
  switchTo(enabled: boolean): Promise<void>;
}

function gapEntry(gapMs: number | undefined): { gap_ms?: number } {
  return gapMs === undefined ? {} : { gap_ms: Math.round(10 * gapMs) / 10 };
}

export class Answers implements AgentView {
  readonly version: string;

  constructor(readonly agent: AgentParts) {
    this.version = agent.options.version;
  }

  priorities(): PrioritySnapshot {
    const { options, order, functions, cpu } = this.agent;
    return {
      epoch: order.policy?.epoch ?? 0,
      backend: this.#backend,
      ml: options.ml,
      slice_enforced: enforcesSlices(this.#backend),
      cpu_utilization: Math.round(10 * (order.policy?.cpuUtilization ?? cpu.percent(false))) / 10,
      functions: order.entries((id) => functions.byId(id)),
    };
  }

  /** The one in force: the scheduler in the kernel may have been ended, and another do its work. */
  get #backend(): string {
    return this.agent.figures().report?.backend ?? this.agent.options.backend;
  }

  priority(name: string): PriorityEntry | undefined {
    return this.priorities().functions.find((entry) => entry.name === name);
  }

  pin(name: string, pin: Pin): PriorityEntry {
    const info = this.agent.functions.byName(name);
    if (!info) throw new RequestError(404, `cannot pin "${name}": no function of that name has been seen`);
    this.agent.order.pin(info.id, pin);
    return this.priority(name)!;
  }

  unpin(name: string): boolean {
    const info = this.agent.functions.byName(name);
    return info !== undefined && this.agent.order.unpin(info.id);
  }

  functions(): FunctionsSnapshot {
    const { classifier, functions } = this.agent;
    const { instances } = this.agent.figures();
    return {
      rules: classifier.rules.list().map(ruleEntry),
      functions: [...functions].map((info) => ({
        name: info.name,
        id: shownId(info),
        platform: info.platform,
        rule_id: info.ruleId,
        found_by: info.foundBy,
        mode: classifier.modes.of(info.id),
        ...gapEntry(classifier.modes.gapOf(info.id)),
        instances: instances.get(info.id) ?? 0,
        overlapped: info.overlapped,
        cgroups: [...info.cgroups],
      })),
      unknown: [...classifier.unknown, ...classifier.discovery?.unknown() ?? []],
      platforms: classifier.discovery?.reports() ?? [],
    };
  }

  addRule(body: NewRule): RuleEntry {
    return addRule(this.agent.classifier, body);
  }

  removeRule(idOrName: string): boolean {
    return removeRule(this.agent.classifier, idOrName);
  }

  invocations(limit: number, functionName?: string): InvocationEntry[] {
    return this.agent.history.latest(limit, functionName);
  }

  tell(boundary: Boundary): InstanceEntry {
    return this.agent.boundaries.tell(boundary);
  }

  whatIf(minutes: number): Promise<WhatIfSnapshot> {
    return this.agent.whatIf.ask(minutes);
  }

  enforcement(): EnforcementSnapshot {
    return this.agent.enforcement.snapshot;
  }

  async setEnforcement(enabled: boolean): Promise<EnforcementSnapshot> {
    const { backend } = this.agent.options;
    if (backend === "none" && enabled) {
      throw new RequestError(409, "cannot switch enforcement on: the backend is none");
    }
    if (backend !== "none") await this.agent.switchTo(enabled);
    return this.enforcement();
  }

  /** What does not work at this moment. */
  #passingTroubles(): Trouble[] {
    const troubles: Trouble[] = [], silentNs = this.agent.silentForNs();
    if (silentNs > SILENT_NS) {
      const seconds = Math.round(silentNs / 1e9);
      const reason = `the event thread has not run for ${seconds} s: a real-time program may have all CPUs`;
      troubles.push({ reason, parts: ["observing", "enforcing"] });
    }
    const { trouble } = this.agent.enforcement;
    if (trouble !== undefined) troubles.push({ reason: trouble, parts: ["enforcing"] });
    const fallen = this.agent.figures().report?.trouble;
    if (fallen !== undefined) troubles.push({ reason: fallen, parts: ["enforcing"] });
    return troubles;
  }

  readiness(): { ready: boolean; reasons: string[] } {
    const reasons = this.agent.troubles.reasons(this.#passingTroubles());
    return { ready: reasons.length === 0, reasons };
  }

  parts(): Parts {
    return this.agent.troubles.parts(this.#passingTroubles(), this.agent.options.backend);
  }

  metrics(): MetricsSnapshot {
    const { observer, functions, order, enforcement, classifier } = this.agent;
    const { report, learnSeconds } = this.agent.figures();
    return agentMetrics({
      observer,
      functions,
      report,
      enforcement: enforcement.state,
      backend: this.#backend,
      epoch: order.policy?.epoch ?? 0,
      cpuUtilization: order.policy?.cpuUtilization ?? 0,
      learnSeconds,
      unidentified: classifier.failures,
    });
  }
}
