/** How real virtual machines end that do not end by themselves: one that hangs, and one that crashes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { writeInitramfs } from "../../kernel/vm/initramfs.ts";
import { KERNEL_SERIES, newestStored } from "../../kernel/vm/kernel_package.ts";
import { type MachineEnd, runMachine } from "../../kernel/vm/machine.ts";
import { verdictOf } from "../../kernel/vm/verdict.ts";
import { findMissing, VM_NEEDS } from "../../scripts/packages.ts";

const [kernel] = KERNEL_SERIES.flatMap(({ series }) => newestStored(series) ?? []);
const missing = (await findMissing(VM_NEEDS)).map(({ what }) => what);
const why = kernel && missing.length === 0
  ? undefined
  : "no virtual machine has run here yet: deno task test:vm stock fetches what they need";
if (why) console.log(`skip: ${why}`);

/** Boots a machine that is told to run this script; returns its end, what the job printed, and the machine's folder. */
async function boot(
  script: string,
  limitMinutes: number,
): Promise<{ end: MachineEnd; output: string; folder: string }> {
  const folder = await Deno.makeTempDir({ prefix: "alps-machine-" });
  try {
    const initramfs = join(folder, "initramfs"), decoder = new TextDecoder();
    await writeInitramfs(kernel!, "/bin/busybox", initramfs);
    let output = "";
    const job = { script, cpus: 1, memoryMb: 512, limitMinutes };
    const end = await runMachine(
      kernel!,
      initramfs,
      job,
      folder,
      (chunk) => output += decoder.decode(chunk, { stream: true }),
    );
    return { end, output, folder };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Pids of processes whose command line has this text. */
function processesWith(text: string): number[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return Deno.readTextFileSync(`/proc/${name}/cmdline`).includes(text) ? [Number(name)] : [];
    } catch {
      return []; // it has ended
    }
  });
}

Deno.test({
  name:
    "a virtual machine that hangs is killed at its limit, and is a failure whatever its tests have printed",
  ignore: why !== undefined,
  fn: async () => {
    const { end, output, folder } = await boot("echo '5 passed, 0 failed'; sleep 1000000\n", 1);
    assert.deepEqual([end.hung, end.status], [true, undefined], end.console);
    assert.deepEqual(processesWith(folder), [], "QEMU is gone");
    const { failed, trouble } = verdictOf(end, output);
    assert.equal(failed, 1);
    assert.match(trouble!, /the machine hung and was killed/);
  },
});

Deno.test({
  name: "a virtual machine whose kernel crashes ends at once, and is a failure",
  ignore: why !== undefined,
  fn: async () => {
    const { end, output } = await boot("echo '5 passed, 0 failed'; echo c > /proc/sysrq-trigger\n", 10);
    assert.deepEqual([end.hung, end.status], [false, undefined], end.console);
    assert.match(end.console, /Kernel panic/);
    const { failed, trouble } = verdictOf(end, output);
    assert.equal(failed, 1);
    assert.match(trouble!, /the machine ended before the tests did/);
  },
});
