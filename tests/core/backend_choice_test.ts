import assert from "node:assert/strict";
import { chooseBackend, enforcesSlices } from "../../core/backend_choice.ts";
import { NotSupportedError } from "../../ffi/errors.ts";

const lacking = (what: string) => () => {
  throw new NotSupportedError(`no ${what}`, "use another kernel");
};
const there = () => {};
const never = () => assert.fail("not asked");

Deno.test("chooseBackend() takes what is wanted by name, and asks the kernel only where it must", () => {
  const neither = { scx: never, cfs: never };
  assert.deepEqual(chooseBackend("stock", neither), { backend: "stock" });
  assert.deepEqual(chooseBackend("none", neither), { backend: "none" });
  assert.deepEqual(chooseBackend("scx", { scx: there, cfs: never }), { backend: "scx" });
  assert.deepEqual(chooseBackend("cfs", { scx: never, cfs: there }), { backend: "cfs" });
  assert.throws(() => chooseBackend("scx", { scx: lacking("sched_ext"), cfs: never }), NotSupportedError);
  assert.throws(() => chooseBackend("cfs", { scx: never, cfs: lacking("patch") }), NotSupportedError);
});

Deno.test("chooseBackend() takes the first for auto that the kernel has, and says why", () => {
  assert.equal(chooseBackend("auto", { scx: there, cfs: never }).backend, "scx");
  assert.equal(chooseBackend("auto", { scx: lacking("sched_ext"), cfs: there }).backend, "cfs");
  assert.deepEqual(chooseBackend("auto", { scx: lacking("sched_ext"), cfs: lacking("patch") }), {
    backend: "stock",
    why: "no sched_ext; no patch",
  });
  const broken = () => {
    throw new TypeError("a mistake of ours");
  };
  assert.throws(() => chooseBackend("auto", { scx: broken, cfs: never }), TypeError);
});

Deno.test("enforcesSlices() is true of the patched CFS alone", () => {
  assert.deepEqual(["scx", "cfs", "stock", "none"].map(enforcesSlices), [false, true, false, false]);
});
