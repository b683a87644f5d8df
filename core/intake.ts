/** What comes from the kernel side goes to those who keep it and learn from it, and is forgotten there again. */

import { getLogger } from "@logtape/logtape";
import type { InvocationEntry } from "../api/agent_view.ts";
import type { LearningThread } from "../learn/client.ts";
import type { Moment } from "../learn/messages.ts";
import type { Classifier } from "../observe/classifier.ts";
import type { Question } from "../observe/events.ts";
import { type FunctionInfo, type FunctionTable, MOST_FUNCTIONS, shownId } from "../observe/functions.ts";
import type { Invocation } from "../observe/invocation.ts";
import type { Observer } from "../observe/observer.ts";
import type { CpuUtilization } from "./cpu_utilization.ts";
import { type History, invocationEntry } from "./history.ts";
import type { RecentRuns } from "./recent_runs.ts";
import { wallClock } from "./wall_clock.ts";

const log = getLogger(["alps", "agent"]);

/** Where it goes. */
export interface IntakeParts {
  readonly observer: Observer;
  readonly functions: FunctionTable;
  readonly classifier: Classifier;
  readonly history: History;
  readonly runs: RecentRuns;
  readonly learning: LearningThread;
  readonly cpu: CpuUtilization;
  /** Whether a function must not be forgotten, however long ago it ran. */
  isInUse(functionId: number): boolean;
}

export class Intake {
  constructor(readonly parts: IntakeParts) {}

  /** Invocations have ended. */
  ended(invocations: Invocation[]): void {
    const { observer, functions, history, learning } = this.parts;
    const time = wallClock(observer.libc.monotonicNs());
    const entries: InvocationEntry[] = [];
    for (const invocation of invocations) {
      const info = functions.byId(invocation.functionId);
      if (!info) continue;
      info.invocations++;
      if (invocation.overlapped) this.#overlapped(info);
      info.lastSeenMs = performance.now();
      entries.push(invocationEntry(invocation, info.name, time, shownId(info)));
    }
    history.add(entries);
    this.parts.runs.add(invocations);
    learning.add(invocations, this.#moment(false));
  }

  /** The kernel side asks whose a process is. */
  asked(question: Question): void {
    const { classifier, functions } = this.parts;
    classifier.answer(question);
    if (functions.size > MOST_FUNCTIONS) this.forgetFunctions();
  }

  /** A function of mode auto has shown to be warm, or not to be so. */
  decided(functionId: number, warm: boolean): void {
    const { classifier, functions } = this.parts;
    if (!classifier.modes.decided(functionId, warm)) return;
    log.info(
      warm
        ? "function {name} is warm: its processes live on from one request to the next"
        : "function {name} is not warm: its processes exit after few requests",
      { name: functions.byId(functionId)?.name },
    );
  }

  /** An epoch is over: a policy is wanted. */
  epochEnds(): void {
    for (const [functionId, gapMs] of this.parts.classifier.modes.learnGaps()) {
      log.debug("function {name}: an idle period longer than {gap} ms ends an invocation from now on", {
        name: this.parts.functions.byId(functionId)?.name,
        gap: Math.round(10 * gapMs) / 10,
      });
    }
    this.parts.learning.request(this.#moment(true));
  }

  /** Forgets functions that have not run for long, and everything that is kept of them. */
  forgetFunctions(): void {
    const { observer, functions, classifier, learning } = this.parts;
    const gone = functions.forget(performance.now(), ({ id }) => this.parts.isInUse(id));
    if (gone.length === 0) return;
    // First what the kernel side remembers by their numbers, so that none begins under one that is gone.
    classifier.voidVerdicts();
    for (const { id } of gone) {
      observer.removeFunction(id);
      classifier.modes.forget(id);
    }
    learning.forget(gone.map(({ id }) => id));
    log.info("forgot {functions} functions that have not run for long", { functions: gone.length });
  }

  #overlapped(info: FunctionInfo): void {
    if (info.overlapped++ > 0) return;
    log.warning(
      "function {name} has several tasks at work in one instance: requests that overlap there look like one longer invocation",
      { name: info.name },
    );
  }

  #moment(epochEnds: boolean): Moment {
    const { observer, cpu } = this.parts;
    return {
      nowNs: observer.libc.monotonicNs(),
      cpuUtilization: cpu.percent(epochEnds),
      cpuPressure: cpu.pressurePercent(epochEnds),
    };
  }
}
