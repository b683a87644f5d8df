/**
 * The predictors of this build, by the names that `--ml` takes.
 */
import { avg } from "./avg.ts";
import { lr } from "./lr.ts";
import type { Predictor } from "./predictor.ts";

export type { Predictor } from "./predictor.ts";

/** By name, in the order in which they are listed to users. */
export const PREDICTORS: ReadonlyMap<string, Predictor> = new Map([avg, lr].map((each) => [each.name, each]));

/**
 * The predictor of a name.
 *
 * @throws RangeError that lists the names of this build where there is none of this name
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
