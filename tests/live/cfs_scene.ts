/** Tests of the order inside a patched CFS. */

import { cfsState } from "../../enforce/cfs_support.ts";
import { type Lab, liveTest } from "./lab.ts";

/** Whether this kernel has our patch. */
export const hasPatchedCfs = cfsState() !== undefined;

let told = false;

/** A test that needs the patch: skipped, with the reason, where the kernel lacks it. */
export function withPatchedCfs(definition: Deno.TestDefinition): Deno.TestDefinition {
  if (!hasPatchedCfs && !told) {
    told = true;
    console.log(
      "skip: this kernel has no CONFIG_SCHED_ALPS (deno task test:vm cfs runs these tests in one that has)",
    );
  }
  return { ...definition, ignore: definition.ignore === true || !hasPatchedCfs };
}

/** Whether functions are ordered inside CFS now. */
export function cfsInForce(): boolean {
  return cfsState()?.enabled === true;
}

/** A test with the backend cfs. */
export function cfsTest(
  name: string,
  test: (lab: Lab) => Promise<void>,
  maxWaitNs?: number,
): Deno.TestDefinition {
  return withPatchedCfs(liveTest(`cfs: ${name}`, test, "cfs", maxWaitNs));
}
