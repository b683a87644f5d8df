/**
 * A machine that is suspended and resumed, as its processes see it: all are frozen, for some seconds, and go on. The kernel's own test of
 * suspending stops there (Documentation/power/basic-pm-debugging.rst, level `freezer`); going on to the devices ends an
 * emulated machine, which never wakes. Only in a virtual machine of the tests' own.
 */

import assert from "node:assert/strict";
import { sleep } from "./lab.ts";
import { orderedTest, whyNotHere } from "./ordered_scene.ts";

if (whyNotHere !== undefined) console.log(`skip: suspending: ${whyNotHere}`);

/** How often the kernel has suspended, as far as it was to go. */
const suspended = () => Number(Deno.readTextFileSync("/sys/power/suspend_stats/success"));

/** Freezes every process and lets it go on; where one is just being served by a file system, which cannot be frozen, again. */
async function suspendAndResume(): Promise<void> {
  Deno.writeTextFileSync("/sys/power/pm_test", "freezer");
  for (let tries = 1;; tries++) {
    const before = suspended();
    try {
      Deno.writeTextFileSync("/sys/power/state", "freeze");
      assert.equal(suspended(), before + 1, "all processes were frozen");
      return;
    } catch (error) {
      if (!/EBUSY|busy/i.test(`${error}`) || tries >= 5) throw error;
      await sleep(1000);
    }
  }
}

Deno.test(orderedTest(
  "agent: a machine that is suspended and resumed has the order that it had, and gets everything back",
  async (scene) => {
    for (const when of ["after it was resumed", "after it was resumed once more"]) {
      await suspendAndResume();
      await scene.goesOn(when);
    }
  },
));
