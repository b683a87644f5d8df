import assert from "node:assert/strict";
import { chooseBackend } from "../../core/backend_choice.ts";
import { NotSupportedError } from "../../ffi/errors.ts";

const missing = () => {
  throw new NotSupportedError("no sched_ext", "use another kernel");
};

Deno.test("chooseBackend() takes what is wanted by name, and asks the kernel only where it must", () => {
  const never = () => assert.fail("not asked");
  assert.deepEqual(chooseBackend("stock", never), { backend: "stock" });
  assert.deepEqual(chooseBackend("none", never), { backend: "none" });
  assert.deepEqual(chooseBackend("scx", () => {}), { backend: "scx" });
  assert.throws(() => chooseBackend("scx", missing), NotSupportedError);
});

Deno.test("chooseBackend() takes the scheduler for auto where the kernel has it, else stock, and says why", () => {
  assert.equal(chooseBackend("auto", () => {}).backend, "scx");
  assert.deepEqual(chooseBackend("auto", missing), { backend: "stock", why: "no sched_ext" });
  const broken = () => {
    throw new TypeError("a mistake of ours");
  };
  assert.throws(() => chooseBackend("auto", broken), TypeError);
});
