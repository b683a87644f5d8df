import assert from "node:assert/strict";
import { requireSchedExt, schedExtState } from "../../enforce/scx_support.ts";
import { NotSupportedError } from "../../ffi/errors.ts";

function machine(files: Record<string, string>, release = "6.12.5") {
  return { kernelRelease: () => release, readText: (path: string) => files[path] };
}

const STATE = "/sys/kernel/sched_ext/state", OPS = "/sys/kernel/sched_ext/root/ops";

Deno.test("schedExtState() names the scheduler that is loaded, as safe text", () => {
  assert.deepEqual(schedExtState(machine({})), { kind: "absent" });
  assert.deepEqual(schedExtState(machine({ [STATE]: "disabled" })), { kind: "free" });
  assert.deepEqual(schedExtState(machine({ [STATE]: "enabled", [OPS]: "sim\x1bple" })), {
    kind: "taken",
    scheduler: "sim\\u001bple",
    state: "enabled",
  });
});

Deno.test("requireSchedExt() names what is missing, and the option that would help", () => {
  requireSchedExt(machine({ [STATE]: "disabled" }));
  const reason = (files: Record<string, string>, release?: string): string => {
    try {
      requireSchedExt(machine(files, release));
    } catch (error) {
      assert.ok(error instanceof NotSupportedError);
      return error.message;
    }
    throw new Error("it is supported");
  };
  assert.match(reason({}), /6\.12\.5 has been built without sched_ext.*CONFIG_SCHED_CLASS_EXT=y/);
  assert.match(reason({}, "6.1.0"), /Linux 6\.1\.0 has no sched_ext; use Linux 6\.12 or newer/);
  assert.match(
    reason({ [STATE]: "enabled", [OPS]: "simple" }),
    /another one is loaded \(simple, enabled\); stop that scheduler/,
  );
});
