/** Bad days of the clock: steps of the wall clock. Only in a virtual machine of the tests' own. */

import assert from "node:assert/strict";
import { orderedTest, whyNotHere } from "./ordered_scene.ts";

const DAY_S = 86_400;

if (whyNotHere !== undefined) console.log(`skip: the clock: ${whyNotHere}`);

/** Sets the wall clock forward by so many seconds, or back. */
async function stepClock(seconds: number): Promise<void> {
  const to = Math.round(Date.now() / 1000) + seconds;
  const set = await new Deno.Command("date", { args: ["-u", "-s", `@${to}`], stdout: "null" }).output();
  assert.ok(set.success);
  assert.ok(Math.abs(Date.now() / 1000 - to) < DAY_S / 24, "the clock was set");
}

Deno.test(orderedTest(
  "agent: steps of the wall clock, a day forward and two back, change nothing in the order",
  async (scene) => {
    for (const days of [1, -2, 1]) {
      await stepClock(days * DAY_S);
      await scene.goesOn(`after a step of ${days} days`);
    }
  },
));
