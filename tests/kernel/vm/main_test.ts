import assert from "node:assert/strict";
import { ROOT } from "../../../scripts/paths.ts";

/** Runs the task's program with arguments that it must refuse. */
async function refused(args: string[], message: RegExp, program = "main"): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `kernel/vm/${program}.ts`, ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assert.equal(code, 2, text.decode(stderr));
  assert.match(text.decode(stderr), message);
  assert.equal(text.decode(stdout), "");
}

Deno.test("test:vm refuses backends and kernels that it does not have, and lists what it has", async () => {
  await refused([], /test:vm needs a kind of machine: must be stock, scx, scx-latest/);
  await refused(["cfs-none"], /must be stock, scx/);
  await refused(["scx", "--kernel", "6.12"], /--kernel is not for scx \(got "6\.12"\)/);
  await refused(["stock", "--kernel", "5.4"], /--kernel must be one of 6\.1, 6\.12 \(got "5\.4"\)/);
  await refused(["stock", "--kernel"], /--kernel must be one of/);
});

Deno.test("bench:vm refuses kernels that it does not have, and CPUs that are none", async () => {
  await refused(["none"], /bench:vm needs a kernel: must be stock, scx, .*got "none"/, "bench");
  await refused(["stock", "--icount"], /--icount one of ours \(got "stock"\)/, "bench");
  await refused(["stock", "--kernel", "5.4"], /--kernel must be one of 6\.1, 6\.12 \(got "5\.4"\)/, "bench");
  await refused(["stock", "--cpus", "0"], /--cpus must be a whole number/, "bench");
});
