/**
 * The predictors, by the names that `--ml` takes.
 */
import { avg } from "./avg.ts";
import { ewmv } from "./ewmv.ts";
import { gittins } from "./gittins.ts";
import { lr } from "./lr.ts";
import type { Predictor } from "./predictor.ts";
import { rf } from "./rf.ts";

export type { Expectation, Predictor } from "./predictor.ts";

/** By name, in the order in which they are listed to users. */
export const PREDICTORS: ReadonlyMap<string, Predictor> = new Map(
  [avg, lr, rf, ewmv, gittins].map((each) => [each.name, each]),
);

/**
 * The predictor of a name.
 *
 * ```ts
 * import { CpuHistory, predictorNamed, rankAt } from "@alps/agent";
 * import assert from "node:assert/strict";
 *
 * const MS = 1e6;
 * const history = new CpuHistory();
 * for (let i = 0; i < 500; i++) history.add(i % 5 === 0 ? 400 * MS : 5 * MS);
 * const { table, tailSlope } = predictorNamed("gittins").expect(history);
 * const rankMs = (attainedMs: number) => rankAt(table, tailSlope, attainedMs * MS) / MS;
 * // It is probably a short one, until it has used more than they do.
 * assert.ok(rankMs(0) < 10 && rankMs(10) > 300);
 * assert.equal(predictorNamed("avg").predict([10, 20, 60]), 30);
 * ```
 *
 * @throws RangeError that lists the names where there is none of this name
 */
export function predictorNamed(name: string): Predictor {
  const predictor = PREDICTORS.get(name);
  if (predictor === undefined) {
    throw new RangeError(
      `cannot learn with ${JSON.stringify(name)}: must be one of ${[...PREDICTORS.keys()].join(", ")}`,
    );
  }
  return predictor;
}
