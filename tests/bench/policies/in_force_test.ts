import assert from "node:assert/strict";
import { alps } from "../../../bench/policies/alps.ts";
import { inForce } from "../../../bench/policies/in_force.ts";
import { parseStat } from "../../../bench/policies/linux_tasks.ts";
import { POLICIES } from "../../../bench/policies/mod.ts";
import { type Tally, Tallying } from "../../../bench/policies/tally.ts";

const CONTEXT = { cores: 2, sizes: new Map([["small", 1], ["large", 9]]) };
const policy = (name: string) => POLICIES.get(name)!(CONTEXT);

/** So many sightings of each kind: `[function, policy, nice, count]`. */
function tally(seen: [string, number, number, number][], more: Partial<Tally> = {}): Tally {
  return {
    looks: 50,
    contended: 40,
    contendedWithIdle: 0,
    mostFifo: 0,
    seen: seen.map(([name, policy, nice, count]) => ({ function: name, policy, nice, count })),
    ...more,
  };
}

const verdict = (name: string, seen: Tally) => inForce(policy(name), seen, 2).verdict;

Deno.test("inForce() takes the default for the default only", () => {
  const fair = tally([["small", 0, 0, 100]]);
  assert.equal(verdict("default", fair), "yes");
  for (const name of ["nice", "rr", "sfs", "hybrid"]) assert.equal(verdict(name, fair), "no", name);
  assert.equal(inForce(alps("avg"), fair, 2).verdict, "no");
  assert.equal(verdict("default", tally([["small", 0, 0, 90], ["small", 5, 0, 10]])), "no");
});

Deno.test("inForce() wants each function's own nice value", () => {
  assert.equal(verdict("nice", tally([["small", 0, -20, 50], ["large", 0, 19, 50]])), "yes");
  assert.equal(verdict("nice", tally([["small", 0, 19, 50], ["large", 0, -20, 50]])), "no");
});

Deno.test("inForce() wants the real-time classes of those that use them", () => {
  assert.equal(verdict("rr", tally([["small", 2, 0, 99], ["small", 0, 0, 1]])), "yes");
  assert.equal(verdict("rr", tally([["small", 2, 0, 50], ["small", 0, 0, 50]])), "no");
  const mixed: [string, number, number, number][] = [["small", 1, 0, 30], ["large", 0, 0, 70]];
  assert.equal(verdict("sfs", tally(mixed, { mostFifo: 2 })), "yes");
  assert.equal(verdict("sfs", tally(mixed, { mostFifo: 3 })), "no");
  assert.equal(verdict("hybrid", tally(mixed, { mostFifo: 3 })), "yes");
});

Deno.test("inForce() wants demoted invocations where more want a CPU than there are, or demoted groups", () => {
  const seen: [string, number, number, number][] = [["small", 0, 0, 60], ["large", 5, 0, 40]];
  assert.equal(inForce(alps("avg"), tally(seen, { contendedWithIdle: 30 }), 2).verdict, "yes");
  assert.equal(inForce(alps("avg"), tally(seen, { contendedWithIdle: 10 }), 2).verdict, "no");
  assert.equal(inForce(alps("avg"), tally([["small", 0, 0, 100]]), 2, 7).verdict, "yes");
  assert.equal(inForce(alps("avg"), tally(seen, { contended: 0 }), 2).verdict, "unseen");
});

Deno.test("inForce() says where it has seen too little", () => {
  assert.equal(verdict("rr", tally([["small", 2, 0, 5]])), "unseen");
});

Deno.test("Tallying counts by class and nice value, and looks at which more want a CPU than there are", () => {
  const tallying = new Tallying(1);
  const stat = (state: string, policy: number) => ({ state, policy, nice: 0, priority: 0 });
  tallying.look([{ function: "f", stat: stat("R", 0) }, { function: "f", stat: stat("S", 5) }]);
  tallying.look([{ function: "f", stat: stat("R", 0) }, { function: "f", stat: stat("R", 5) }]);
  tallying.look([{ function: "f", stat: stat("R", 1) }, { function: "g", stat: stat("R", 1) }]);
  const { looks, contended, contendedWithIdle, mostFifo, seen } = tallying.tally;
  assert.deepEqual([looks, contended, contendedWithIdle, mostFifo], [3, 2, 1, 2]);
  assert.deepEqual(seen.map(({ function: name, policy, count }) => [name, policy, count]), [
    ["f", 0, 2],
    ["f", 5, 2],
    ["f", 1, 1],
    ["g", 1, 1],
  ]);
});

Deno.test("parseStat() reads how a process is scheduled, whatever its name", () => {
  const text =
    "7 (a) R 1 (b) S 1 7 7 0 -1 4194304 100 0 0 0 0 0 0 0 20 -5 1 0 58 3133440 412 184 94 94 140 0 0 0 0 0 " +
    "0 0 0 0 17 1 42 2 0 0 0 94";
  assert.deepEqual(parseStat(text), { state: "S", nice: -5, priority: 42, policy: 2 });
});
