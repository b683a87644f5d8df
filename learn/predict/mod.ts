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
