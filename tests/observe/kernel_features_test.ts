import assert from "node:assert/strict";
import { NotSupportedError } from "../../ffi/errors.ts";
import {
  compareKernels,
  hasTimers,
  KERNEL_FEATURES,
  type Machine,
  OLDEST_KERNEL,
  requireObservable,
  seesLocks,
} from "../../observe/kernel_features.ts";

/** A machine that has everything, but for what is given. */
function machine(changes: { uid?: number; release?: string; btf?: boolean } = {}): Machine {
  const { uid = 0, release = "6.12.3-cloud-amd64", btf = true } = changes;
  return {
    uid: () => uid,
    kernelRelease: () => release,
    exists: (path) => btf && path === "/sys/kernel/btf/vmlinux",
  };
}

/** Reason and remedy of the refusal. */
function refusal(of: Machine): { reason: string; remedy: string } {
  try {
    requireObservable(of);
  } catch (error) {
    assert.ok(error instanceof NotSupportedError, String(error));
    assert.ok(!error.message.includes("\n"), "one line");
    return error;
  }
  assert.fail("the machine was accepted");
}

Deno.test("compareKernels() compares by the first two numbers, as numbers", () => {
  const order = [
    "4.19.0",
    "5.2.21",
    "5.9.0-rc1",
    "5.15",
    "6.1.0-25-amd64",
    "6.2",
    "6.12.3",
    "6.18-rc1",
    "10.0",
  ];
  for (const [i, a] of order.entries()) {
    for (const [j, b] of order.entries()) {
      assert.equal(Math.sign(compareKernels(a, b)), Math.sign(i - j), `${a} and ${b}`);
    }
  }
});

Deno.test("compareKernels() takes releases of one version for equal, whatever follows it", () => {
  for (const release of ["5.15.0-1-amd64", "5.15-rc3", "5.15.167+", "5.15"]) {
    assert.equal(compareKernels(release, "5.15"), 0, release);
  }
});

Deno.test("requireObservable() accepts a machine that has everything, the oldest kernel included", () => {
  requireObservable(machine());
  requireObservable(machine({ release: `${OLDEST_KERNEL}.0` }));
});

Deno.test("requireObservable() says that it needs root, and how to get it", () => {
  const { reason, remedy } = refusal(machine({ uid: 1000 }));
  assert.match(reason, /not root/);
  assert.match(remedy, /sudo/);
});

Deno.test("requireObservable() names a kernel that is too old, and the one that would do", () => {
  const { reason, remedy } = refusal(machine({ release: "5.10.0-32-amd64" }));
  assert.match(reason, /5\.10\.0-32-amd64/);
  assert.match(remedy, /Linux 5\.15 or newer/);
});

Deno.test("requireObservable() says that type information is missing, and which option brings it", () => {
  const { reason, remedy } = refusal(machine({ btf: false }));
  assert.match(reason, /no type information.*\/sys\/kernel\/btf\/vmlinux/);
  assert.match(remedy, /CONFIG_DEBUG_INFO_BTF=y/);
});

Deno.test("requireObservable() names what a person can change first: privilege before kernel", () => {
  assert.match(refusal(machine({ uid: 1, release: "4.4", btf: false })).reason, /not root/);
  assert.match(refusal(machine({ release: "4.4", btf: false })).reason, /4\.4/);
});

Deno.test("KERNEL_FEATURES needs nothing that is newer than OLDEST_KERNEL", () => {
  for (const { feature, since, usedFor } of KERNEL_FEATURES) {
    const needed = !usedFor.endsWith("; optional");
    assert.ok(!needed || compareKernels(since, OLDEST_KERNEL) <= 0, `${feature} since ${since}`);
  }
});

Deno.test("seesLocks() is true from the kernel on that brought the tracepoint", () => {
  const on = (release: string) => seesLocks({ kernelRelease: () => release });
  assert.deepEqual(["5.15.0-91-generic", "5.19.17", "6.1.0-18-cloud-amd64"].map(on), [false, true, true]);
});

Deno.test("hasTimers() is false on a real-time kernel only", () => {
  assert.equal(hasTimers({ exists: () => false }), true);
  assert.equal(hasTimers({ exists: (path) => path === "/sys/kernel/realtime" }), false);
});
