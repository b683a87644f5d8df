/** Bad days of the clock: steps of the wall clock. Only in a virtual machine of the tests' own. */

import assert from "node:assert/strict";
import { Place } from "./agent_process.ts";
import { PATIENCE, whyNotLive } from "./lab.ts";
import { OrderedScene } from "./ordered_scene.ts";

const DAY_S = 86_400;

/** Nobody's clock is changed but that of an emulated machine, which is thrown away. */
const whyNot = whyNotLive ?? (PATIENCE > 1 ? undefined : "not in a virtual machine of the tests' own");
if (whyNot !== undefined && whyNot !== whyNotLive) console.log(`skip: the clock: ${whyNot}`);

/** Sets the wall clock forward by so many seconds, or back. */
async function stepClock(seconds: number): Promise<void> {
  const to = Math.round(Date.now() / 1000) + seconds;
  const set = await new Deno.Command("date", { args: ["-u", "-s", `@${to}`], stdout: "null" }).output();
  assert.ok(set.success);
  assert.ok(Math.abs(Date.now() / 1000 - to) < DAY_S / 24, "the clock was set");
}

Deno.test({
  name: "agent: steps of the wall clock, a day forward and two back, change nothing in the order",
  ignore: whyNot !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const scene = await OrderedScene.make(place);
    for (const days of [1, -2, 1]) {
      await stepClock(days * DAY_S);
      await scene.goesOn(`after a step of ${days} days`);
    }
    await scene.putBack();
  },
});
