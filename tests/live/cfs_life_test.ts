/** The order inside CFS: in force and out of it, through the death of its agent; what it gives to whom; the bound on waiting. */

import assert from "node:assert/strict";
import { CFS_SWITCH, cfsState } from "../../enforce/cfs_support.ts";
import { Place } from "./agent_process.ts";
import { TestCgroup } from "./cgroups.ts";
import { cfsInForce, cfsTest, withPatchedCfs } from "./cfs_scene.ts";
import { settle, sleep, until } from "./lab.ts";
import { spinners, sum, used } from "./spinners.ts";

Deno.test(cfsTest(
  "it is in force with the agent, out of force while a person has it off, and gone afterwards",
  async (lab) => {
    assert.equal(cfsInForce(), true);
    assert.throws(() => Deno.openSync(CFS_SWITCH, { write: true }), /os error 16/, "one at a time");
    await lab.events.setEnforcement(false);
    assert.equal(cfsInForce(), false);
    await lab.events.setEnforcement(true);
    await lab.inForce();
    await lab.events[Symbol.asyncDispose]();
    assert.equal(cfsInForce(), false);
  },
));

Deno.test(withPatchedCfs({
  name: "cfs: an agent that is killed leaves plain CFS, at once",
  fn: async () => {
    await using place = await Place.make();
    await place.program("fn/a");
    const agent = await place.agent("--backend", "auto", "--rule", `exe:${place.folder}/fn/{function}`);
    const pids = [0, 1, 2].map(() => place.start(`${place.folder}/fn/a`, 0).pid);
    await until("auto takes it", cfsInForce);
    await until("they are ordered", () => cfsState()!.swaps > 0);
    assert.ok((await agent.metric("alps_cfs_swaps_total"))! > 0);
    const startMs = performance.now();
    agent.process.kill("SIGKILL");
    await until("CFS is plain", () => !cfsInForce());
    console.log(`plain after ${Math.round(performance.now() - startMs)} ms`);
    const { swaps } = cfsState()!;
    const shares = await used(pids, 4000);
    assert.equal(cfsState()!.swaps, swaps, "nothing is put in another's place any more");
    assert.ok(Math.min(...shares) > 0.1 * sum(shares), `each runs its share: ${shares}`);
  },
}));

Deno.test(cfsTest(
  "functions in cgroups of their own are compared where the groups meet; daemons keep their share",
  async (lab) => {
    await using functions = TestCgroup.make("functions");
    await using a = functions.make("a");
    await using b = functions.make("b");
    await using daemons = TestCgroup.make("daemons");
    functions.weight = "100";
    daemons.weight = "100";
    a.weight = "300";
    b.weight = "50";
    lab.rule("exe:{lab}/fn-{function}");
    lab.order(["a", 9e6], ["b", 1e6]);
    const ofA = await spinners(lab, "fn-a", 2, a), ofB = await spinners(lab, "fn-b", 2, b);
    const path = await lab.program("daemon");
    const others = [0, 1].map(() => lab.start(path, 0).pid);
    daemons.take(...others);
    const all = [...ofA, ...ofB, ...others];
    await lab.events.setEnforcement(false);
    await settle(100);
    const before = await used(all, 12_000);
    await lab.events.setEnforcement(true);
    await lab.inForce();
    await settle(100);
    const after = await used(all, 12_000);
    console.log(`default ${before.map(Math.round)}, cfs ${after.map(Math.round)}`);
    const share = (ms: readonly number[]) => sum(ms.slice(4)) / sum(ms);
    assert.ok(
      Math.abs(share(after) - share(before)) < 0.1,
      `daemons: ${share(before)}, then ${share(after)}`,
    );
    assert.ok(
      sum(after.slice(2, 4)) > 4 * sum(after.slice(0, 2)),
      "b goes before a, whatever the groups weigh",
    );
  },
));

Deno.test(
  cfsTest(
    "without a function it lets go of CFS after a while, and the next ones are in order from their start",
    async (lab) => {
      await until("CFS is plain", () => !cfsInForce());
      lab.rule("exe:{lab}/{function}");
      lab.order(["short", 1e6], ["long", 9e6]);
      const path = await lab.program("long"), short = await lab.program("short");
      await lab.introduce(path);
      await until("it is in force", cfsInForce);
      await until("CFS is plain again", () => !cfsInForce());
      const long = lab.cpus.flatMap(() => [lab.start(path, 0).pid, lab.start(path, 0).pid]);
      const first = lab.cpus.map(() => lab.start(short, 0).pid);
      await until("it is in force again", cfsInForce);
      await settle(100);
      const ms = await used([...long, ...first], 6000);
      assert.ok(
        sum(ms.slice(long.length)) > 2 * sum(ms.slice(0, long.length)),
        `the short ones go first: ${ms}`,
      );
    },
  ),
);

Deno.test(cfsTest("a CPU limit holds", async (lab) => {
  await using limited = TestCgroup.make("limited");
  limited.write("cpu.max", "30000 100000");
  lab.rule("exe:{lab}/{function}");
  lab.order(["first", 1e6], ["second", 9e6]);
  const first = await spinners(lab, "first", 2, limited), second = await spinners(lab, "second", 2);
  await settle(100);
  const ms = await used([...first, ...second], 10_000);
  const ofFirst = sum(ms.slice(0, 2));
  // Less where the machine is slow to see a new period; more than the limit never.
  assert.ok(ofFirst > 1200 && ofFirst < 3450, `30 % of a CPU for 10 s: ${ofFirst} ms`);
  assert.ok(sum(ms.slice(2)) > 2 * ofFirst, `the others have the rest: ${ms}`);
}));

Deno.test(cfsTest("nobody waits for longer than is allowed, however many go first", async (lab) => {
  lab.rule("exe:{lab}/{function}");
  lab.order(["short", 1e6], ["long", 9e6]);
  const { late } = cfsState()!;
  await spinners(lab, "long", 24);
  await spinners(lab, "short", 4);
  await sleep(15_000);
  const { backend, trouble } = await lab.report();
  assert.deepEqual([backend, trouble, lab.guarded], ["cfs", undefined, []]);
  const { longWaits, longestWaitNs } = lab.observer.shared.counters();
  console.log(
    `longest wait ${longestWaitNs / 1e9} s, ${cfsState()!.late - late} times a long wait went first`,
  );
  assert.equal(longWaits, 0, `the longest was ${longestWaitNs / 1e9} s`);
  assert.ok(cfsState()!.late > late, "some would have waited longer");
}, 4e9));
