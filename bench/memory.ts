/**
 * `deno task bench memory`: what a real agent holds in memory after many real invocations of many functions, its HTTP
 * interface asked meanwhile as monitoring does.
 */
import { ForkServer } from "../host/forkserver.ts";
import { hostBinaryPath } from "../host/host.ts";
import { sleep } from "./clock.ts";
import { startProgress } from "./progress.ts";
import { type Service, startAgentProcess } from "./processes.ts";

export interface MemoryOptions {
  readonly functions: number;
  readonly invocations: number;
  readonly json: boolean;
}

/** More than this is too much, in MB. */
const MOST_MB = 250;

/** Invocations under way at once. */
const AT_ONCE = 32;

/** Of each function in a row, so that the kernel side knows its name after the first. */
const IN_A_ROW = 10;

/** What a process can have as its name in the kernel: 15 bytes. */
const nameOf = (index: number) => `mem-${String(index).padStart(6, "0")}`;

/** Runs it, prints the figures, returns 0, or 1 where it was too much. */
export async function runMemory({ functions, invocations, json }: MemoryOptions): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error("cannot measure: loading eBPF programs needs root (sudo deno task bench memory)");
    return 3;
  }
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "alps-memory-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const host = resources.use(await ForkServer.start(hostBinaryPath()));
  const rules = ["comm:mem-{function}"];
  const agent = resources.use(await startAgentProcess({ backend: "stock", ml: "avg", rules, folder }));
  const startMb = memoryOf(agent.pid).nowMb;

  let counted = 0, known = 0, sent = 0;
  {
    using progress = startProgress("invocations", invocations);
    // Those that end before the agent knows their name are not counted by it: it goes on until there are enough.
    while (counted < invocations) {
      const batch = Array.from({ length: AT_ONCE }, async (_, lane) => {
        for (let i = lane; i < 1000; i += AT_ONCE) {
          const index = Math.floor((sent + i) / IN_A_ROW) % functions;
          await host.run({ function: nameOf(index), job: "floatOperation", n: 100 });
        }
      });
      await Promise.all(batch);
      sent += 1000;
      if (sent % 10_000 !== 0 && sent < invocations) continue;
      ({ counted, known } = await figures(agent));
      progress.update(Math.min(counted, invocations), `${memoryOf(agent.pid).nowMb.toFixed(0)} MB`);
    }
  }
  await sleep(3000);
  const { nowMb, peakMb } = memoryOf(agent.pid);
  const result = {
    invocations: counted,
    functions: known,
    memory_at_start_mb: Math.round(startMb),
    memory_mb: Math.round(nowMb),
    peak_mb: Math.round(peakMb),
  };
  if (json) console.log(JSON.stringify(result, null, 2));
  else {
    console.log(
      `${counted} invocations of ${known} functions: ${result.memory_mb} MB, at most ${result.peak_mb} MB ` +
        `(${result.memory_at_start_mb} MB before the first)`,
    );
  }
  if (peakMb <= MOST_MB) return 0;
  console.error(`that is more than ${MOST_MB} MB`);
  return 1;
}

/** What the agent has counted; it is asked as monitoring asks it. */
async function figures({ url }: Service): Promise<{ counted: number; known: number }> {
  const page = await (await fetch(`${url}/metrics`)).text();
  const sum = (name: string) =>
    [...page.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, "gm"))]
      .reduce((total, [, value]) => total + Number(value), 0);
  return { counted: sum("alps_function_invocations_total"), known: sum("alps_functions") };
}

/** Resident memory of a process, now and at most, in MB. */
function memoryOf(pid: number): { nowMb: number; peakMb: number } {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const mb = (key: string) => Number(new RegExp(`^${key}:\\s*(\\d+) kB$`, "m").exec(status)?.[1] ?? 0) / 1024;
  return { nowMb: mb("VmRSS"), peakMb: mb("VmHWM") };
}
