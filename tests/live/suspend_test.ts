/**
 * A machine that is suspended and resumed, as its processes see it: all are frozen, for some seconds, and go on. The kernel's own test of
 * suspending stops there (Documentation/power/basic-pm-debugging.rst, level `freezer`); going on to the devices ends an
 * emulated machine, which never wakes. Only in a virtual machine of the tests' own.
 */

import assert from "node:assert/strict";
import { Place } from "./agent_process.ts";
import { PATIENCE, sleep, whyNotLive } from "./lab.ts";
import { OrderedScene } from "./ordered_scene.ts";

const whyNot = whyNotLive ?? (PATIENCE > 1 ? undefined : "not in a virtual machine of the tests' own");
if (whyNot !== undefined && whyNot !== whyNotLive) console.log(`skip: suspending: ${whyNot}`);

/** Milliseconds for which all processes are frozen: `pm_test_delay` of the kernel's, in seconds, is 5. */
const FROZEN_MS = 5000;

/** Freezes every process and lets it go on; where one is just being served by a file system, which cannot be frozen, again. */
async function suspendAndResume(): Promise<void> {
  Deno.writeTextFileSync("/sys/power/pm_test", "freezer");
  for (let tries = 1;; tries++) {
    const startMs = performance.now();
    try {
      Deno.writeTextFileSync("/sys/power/state", "freeze");
      assert.ok(performance.now() - startMs >= FROZEN_MS, "nobody ran for as long");
      return;
    } catch (error) {
      if (!/EBUSY|busy/i.test(`${error}`) || tries >= 5) throw error;
      await sleep(1000);
    }
  }
}

Deno.test({
  name: "agent: a machine that is suspended and resumed has the order that it had, and gets everything back",
  ignore: whyNot !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const scene = await OrderedScene.make(place);
    for (const when of ["after it was resumed", "after it was resumed once more"]) {
      await suspendAndResume();
      await scene.goesOn(when);
    }
    await scene.putBack();
  },
});
