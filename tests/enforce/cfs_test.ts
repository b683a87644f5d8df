import assert from "node:assert/strict";
import { CfsEnforcer } from "../../enforce/cfs.ts";

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
  enforcer.look();
  assert.equal(hooks.inForce, true);
  enforcer.release();
  assert.equal(hooks.inForce, false);
});

Deno.test("CfsEnforcer says what is wrong while another program has the hooks, and takes them when they are free", () => {
  const { hooks, enforcer } = scene();
  hooks.taken = true;
  enforcer.look();
  assert.match(enforcer.trouble!, /cannot order functions inside CFS: EBUSY/);
  hooks.taken = false;
  enforcer.look();
  assert.deepEqual([hooks.inForce, enforcer.trouble], [true, undefined]);
});
