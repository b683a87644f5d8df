import assert from "node:assert/strict";
import { CfsEnforcer } from "../../enforce/cfs.ts";

const S = 1e9;

/** Hooks that can be held by another program. */
function scene() {
  const hooks = {
    inForce: false,
    taken: false,
    attach: () => {
      if (hooks.taken) throw new Error("EBUSY");
      hooks.inForce = true;
    },
    detach: () => void (hooks.inForce = false),
    rest: () => void (hooks.inForce = false),
    setRank: () => {},
    deleteRank: () => {},
    setPrior: () => {},
    reorder: () => {},
  };
  return { hooks, enforcer: new CfsEnforcer(hooks) };
}

Deno.test("CfsEnforcer enforces slices inside the kernel, and is off after release()", () => {
  const { hooks, enforcer } = scene();
  assert.deepEqual([enforcer.name, enforcer.sliceEnforced, enforcer.reactsToEvents], ["cfs", true, false]);
  enforcer.look(0, 0);
  assert.equal(hooks.inForce, true);
  enforcer.release();
  assert.equal(hooks.inForce, false);
});

Deno.test("CfsEnforcer says what is wrong while another program has the hooks, and takes them when they are free", () => {
  const { hooks, enforcer } = scene();
  hooks.taken = true;
  enforcer.look(0, 0);
  assert.match(enforcer.trouble!, /cannot order functions inside CFS: EBUSY/);
  hooks.taken = false;
  enforcer.look(0, 0);
  assert.deepEqual([hooks.inForce, enforcer.trouble], [true, undefined]);
});

Deno.test("CfsEnforcer lets go of the hooks after 10 s without any invocation, and takes them with the next one's start", () => {
  const { hooks, enforcer } = scene();
  enforcer.look(100 * S, 0);
  enforcer.look(105 * S, 1);
  enforcer.look(106 * S, 0);
  for (let s = 107; s < 116; s++) enforcer.look(s * S, 0);
  assert.deepEqual([hooks.inForce, enforcer.awaitsStart], [true, false]);
  enforcer.look(116 * S, 0);
  assert.deepEqual([hooks.inForce, enforcer.awaitsStart], [false, true]);
  enforcer.decide();
  enforcer.look(200 * S, 0);
  assert.deepEqual([hooks.inForce, enforcer.awaitsStart], [false, true], "nothing has come");
  enforcer.started();
  enforcer.decide();
  assert.deepEqual([hooks.inForce, enforcer.awaitsStart], [true, false]);
  enforcer.look(201 * S, 0);
  assert.equal(hooks.inForce, true, "10 s from then on");
});

Deno.test("CfsEnforcer rests no longer when a person switches enforcement off, or where the start was not told", () => {
  const { hooks, enforcer } = scene();
  const rest = () => [0, 10].forEach((s) => enforcer.look(s * S, 0));
  rest();
  enforcer.release();
  assert.deepEqual([hooks.inForce, enforcer.awaitsStart], [false, false]);
  rest();
  assert.equal(enforcer.awaitsStart, true);
  enforcer.look(11 * S, 1);
  assert.deepEqual([hooks.inForce, enforcer.awaitsStart], [true, false]);
});
