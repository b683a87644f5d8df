import assert from "node:assert/strict";
import { CFS_INTERFACE, cfsState, requirePatchedCfs } from "../../enforce/cfs_support.ts";
import { NotSupportedError } from "../../ffi/errors.ts";

const text = (version: number, enabled: number) =>
  `version ${version}\nenabled ${enabled}\nswaps 12\npulls 3\nlate 4\n`;

Deno.test("cfsState() reads what the kernel shows", () => {
  assert.equal(cfsState(() => undefined), undefined);
  assert.deepEqual(cfsState(() => text(7, 1)), {
    version: 7,
    enabled: true,
    swaps: 12,
    pulls: 3,
    late: 4,
  });
});

Deno.test("requirePatchedCfs() names what is missing: the option, both versions, or who has it", () => {
  requirePatchedCfs(() => text(CFS_INTERFACE, 0));
  const reason = (shown: string | undefined): string => {
    try {
      requirePatchedCfs(() => shown, "6.1.0-9");
    } catch (error) {
      assert.ok(error instanceof NotSupportedError);
      return error.message;
    }
    throw new Error("it is supported");
  };
  assert.match(reason(undefined), /Linux 6\.1\.0-9 has been built without CONFIG_SCHED_ALPS/);
  assert.match(
    reason(text(99, 0)),
    new RegExp(`has interface version 99, this agent knows version ${CFS_INTERFACE}`),
  );
  assert.match(reason(text(CFS_INTERFACE, 1)), /another program has \/proc\/sched_alps open/);
});
