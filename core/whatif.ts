/** Answers `GET /whatif`: what the recorded invocations would have taken under other orders. */

import type { WhatIfEntry, WhatIfSnapshot, WhatIfTurnaround } from "../api/agent_view.ts";
import { RequestError } from "../api/agent_view.ts";
import { bundledUrl } from "../ffi/assets.ts";
import type { Policy } from "../learn/policy.ts";
import type { Compared, Turnaround, WhatIf } from "../simulate/whatif.ts";
import type { WhatIfAnswer, WhatIfQuestion } from "../simulate/whatif_worker.ts";
import type { RecentRuns } from "./recent_runs.ts";
import { wallClock } from "./wall_clock.ts";

/** How long an answer may take. */
const MOST_MS = 60_000;

/** Functions that are shown by name, those with most CPU time. */
const MOST_FUNCTIONS = 200;

/** What it needs to know. */
export interface WhatIfParts {
  readonly runs: RecentRuns;
  readonly cores: number;
  readonly ml: string;
  readonly backend: string;
  policy(): Policy | undefined;
  nameOf(functionId: number): string | undefined;
  monotonicNs(): number;
}

/** One question at a time: each takes a core for as long as it takes. */
export class WhatIfAnswers {
  #last: Promise<unknown> = Promise.resolve();

  constructor(readonly parts: WhatIfParts) {}

  /** @throws RequestError 503 where it takes too long */
  ask(minutes: number): Promise<WhatIfSnapshot> {
    const next = this.#last.then(() => this.#answer(minutes));
    this.#last = next.catch(() => {});
    return next;
  }

  async #answer(minutes: number): Promise<WhatIfSnapshot> {
    const { runs, cores, ml, backend } = this.parts;
    const nowNs = this.parts.monotonicNs(), run = runs.since(nowNs - minutes * 60e9);
    const policy = this.parts.policy();
    const result = await inThread({
      run,
      cores,
      order: {
        functions: (policy?.functions ?? []).map(({ functionId, table, tailSlope }) => ({
          functionId,
          table,
          tailSlope,
        })),
        prior: policy?.prior,
      },
    });
    const time = wallClock(nowNs);
    return {
      minutes,
      since: time(run.startNs.reduce((least, ns) => Math.min(least, ns), nowNs)),
      until: time(nowNs),
      cores,
      load: round(result.load, 1000),
      backend,
      ml,
      epoch: policy?.epoch ?? 0,
      gap_closed: { measured: gap(result, "measured"), policy: gap(result, "policy") },
      all: entry(result.all),
      functions: result.functions.slice(0, MOST_FUNCTIONS).map((each) => ({
        // One that has been forgotten meanwhile has no name any more.
        name: this.parts.nameOf(each.functionId) ?? `#${each.functionId}`,
        ...entry(each),
      })),
    };
  }
}

async function inThread(question: WhatIfQuestion): Promise<WhatIf> {
  const worker = new Worker(
    bundledUrl("whatif_worker.js", "../simulate/whatif_worker.ts", import.meta.url),
    { type: "module", name: "alps-whatif" },
  );
  const { promise, resolve, reject } = Promise.withResolvers<WhatIf>();
  const timer = setTimeout(
    () => reject(new RequestError(503, `it takes longer than ${MOST_MS / 1000} s; ask for fewer minutes`)),
    MOST_MS,
  );
  worker.onmessage = ({ data }: MessageEvent<WhatIfAnswer>) =>
    "result" in data ? resolve(data.result) : reject(new Error(data.failed));
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  try {
    worker.postMessage(question);
    return await promise;
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}

function entry({ invocations, cpuNs, measured, fair, policy, oracle }: Compared): WhatIfEntry {
  return {
    invocations,
    cpu_ms: ms(cpuNs),
    measured: shown(measured),
    fair: shown(fair),
    policy: shown(policy),
    oracle: shown(oracle),
  };
}

function shown({ meanNs, p99Ns }: Turnaround): WhatIfTurnaround {
  return { mean_ms: ms(meanNs), p99_ms: ms(p99Ns) };
}

/** Of the way from the fair ideal to the oracle in mean turnaround; null where there is none. */
function gap({ all }: WhatIf, kind: "measured" | "policy"): number | null {
  const wholeNs = all.fair.meanNs - all.oracle.meanNs;
  return wholeNs > 1e-6 * all.fair.meanNs
    ? round((all.fair.meanNs - all[kind].meanNs) / wholeNs, 1000)
    : null;
}

function ms(ns: number): number {
  return round(ns / 1e6, 1000);
}

function round(value: number, steps: number): number {
  return Math.round(value * steps) / steps;
}
