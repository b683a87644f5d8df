/** The policies by name. */
import { BUILD } from "../../cli/options.ts";
import { alps } from "./alps.ts";
import { kernelDefault } from "./default.ts";
import { hybrid } from "./hybrid.ts";
import { niceByFunction } from "./nice.ts";
import type { PolicyMaker } from "./policy.ts";
import { roundRobin } from "./rr.ts";
import { sfs } from "./sfs.ts";

/** In the order in which they are shown. */
export const POLICIES: ReadonlyMap<string, PolicyMaker> = new Map<string, PolicyMaker>([
  ["default", kernelDefault],
  ["nice", niceByFunction],
  ["rr", roundRobin],
  ["sfs", sfs],
  ["hybrid", hybrid],
  ...BUILD.ml.map((ml): [string, PolicyMaker] => [`alps:${ml}`, () => alps(ml)]),
]);
