/** Tests of the scheduler in the kernel. */

import { schedExtState, thisMachine } from "../../enforce/scx_support.ts";
import { type Lab, liveTest } from "./lab.ts";

/** Whether this kernel takes schedulers. */
export const hasSchedExt = schedExtState(thisMachine).kind !== "absent";

let told = false;

/** A test that needs sched_ext: skipped, with the reason, where the kernel has none. */
export function withSchedExt(definition: Deno.TestDefinition): Deno.TestDefinition {
  if (!hasSchedExt && !told) {
    told = true;
    console.log(
      "skip: this kernel has no sched_ext (deno task test:vm scx runs these tests in one that has)",
    );
  }
  return { ...definition, ignore: definition.ignore === true || !hasSchedExt };
}

/** The name of the scheduler that the kernel has in force; undefined where there is none. */
export function schedulerInForce(): string | undefined {
  const state = schedExtState(thisMachine);
  return state.kind === "taken" && state.state === "enabled" ? state.scheduler : undefined;
}

/** A test with the backend scx. */
export function scxTest(name: string, test: (lab: Lab) => Promise<void>): Deno.TestDefinition {
  return withSchedExt(liveTest(`scx: ${name}`, test, "scx"));
}
