/** The order inside CFS on bad days: CPUs that come and go, a real-time hog, a program that answers with nonsense. */

import assert from "node:assert/strict";
import { CFS_SWITCH, cfsState } from "../../enforce/cfs_support.ts";
import { Libbpf } from "../../ffi/libbpf.ts";
import { nativeProgram } from "./build_native.ts";
import { cfsInForce, cfsTest, withPatchedCfs } from "./cfs_scene.ts";
import { Churn } from "./churn.ts";
import { compileBpf } from "./compile_bpf.ts";
import { assertNobodyHeldUp } from "./cpu_trouble.ts";
import { cpuMs, PATIENCE, until } from "./lab.ts";

Deno.test(cfsTest(
  "a CPU that is switched off and on again, a pinned function and a real-time hog hold nobody up",
  (lab) => assertNobodyHeldUp(lab, 5, (what) => assert.ok(cfsInForce(), what)),
));

/** A program that ranks every task, each time differently, and says of the longest wait what it likes. */
const NONSENSE = `
static __u64 nonsense(void)
{
	__u64 value = (__u64)bpf_get_prandom_u32() << 32 | bpf_get_prandom_u32();

	switch (bpf_get_prandom_u32() % 6) {
	case 0: return 0;
	case 1: return 1;
	case 2: return ~0ull;
	case 3: return 1ull << 63;
	case 4: return value >> (bpf_get_prandom_u32() & 63);
	default: return value;
	}
}

SEC("fmod_ret/alps_cfs_rank")
__u64 BPF_PROG(nonsense_rank, struct task_struct *p, __u64 ran_ns, __u64 ret)
{
	return nonsense();
}

SEC("fmod_ret/alps_cfs_max_wait")
__u64 BPF_PROG(nonsense_max_wait, __u64 ret)
{
	return nonsense();
}
`;

/** How long it is let loose, on a real machine's clock. */
const NONSENSE_MS = 1000 * PATIENCE;

Deno.test(withPatchedCfs({
  name: "cfs: a program that answers with nonsense keeps nobody from running, and leaves nothing behind",
  fn: async () => {
    const object = await compileBpf(NONSENSE);
    const spin = await nativeProgram("spin"), churn = await nativeProgram("churn");
    const spinners = Array.from({ length: 6 }, () => new Deno.Command(spin, { args: ["0"] }).spawn());
    const pids = spinners.map(({ pid }) => pid);
    try {
      await using other = await Churn.start(churn, 20);
      using library = new Libbpf();
      using opened = library.open(object, "nonsense");
      opened.load();
      opened.attachAll();
      const before = cfsState()!;
      {
        using held = Deno.openSync(CFS_SWITCH, { read: true, write: true });
        for (const end = Date.now() + NONSENSE_MS; Date.now() < end;) {
          const used = pids.map(cpuMs);
          for (let i = 0; i < 5; i++) {
            await other.batch(); // threads come and go, and this process sleeps and wakes
            held.writeSync(new Uint8Array([10]));
          }
          await until("all run", () => pids.every((pid, i) => cpuMs(pid) > used[i]!));
        }
        assert.ok(cfsState()!.swaps > before.swaps, "it was asked");
      }
      assert.ok(!cfsInForce());
      const used = pids.map(cpuMs);
      await until("all run without it", () => pids.every((pid, i) => cpuMs(pid) > used[i]! + 5));
      await other.end();
    } finally {
      for (const process of spinners) process.kill("SIGKILL");
      for (const process of spinners) await process.status;
    }
  },
}));
