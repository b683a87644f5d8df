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

/**
 * So many functions take turns for a while: fewer than the kernel side remembers verdicts of. What each runs first only
 * makes its name known, as an invocation this short is over before the agent has looked whose it is.
 */
const GROUP = 1000;

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

  const each = Math.ceil(invocations / functions);
  let counted = 0, known = 0;
  {
    using progress = startProgress("invocations", invocations);
    for (let first = 0; first < functions; first += GROUP) {
      const names = Array.from({ length: Math.min(GROUP, functions - first) }, (_, i) => nameOf(first + i));
      await runAll(host, names);
      // Until all questions have been answered.
      for (let before = -1; known > before; await sleep(1000)) {
        before = known;
        ({ known } = await figures(agent));
      }
      for (let round = 0; round < each; round++) await runAll(host, names);
      ({ counted, known } = await figures(agent));
      progress.update(Math.min(counted, invocations), `${memoryOf(agent.pid).nowMb.toFixed(0)} MB`);
    }
  }
  await sleep(3000);
  ({ counted, known } = await figures(agent));
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

/** Runs one short invocation of each. */
async function runAll(host: ForkServer, names: readonly string[]): Promise<void> {
  await Promise.all(Array.from({ length: AT_ONCE }, async (_, lane) => {
    for (let i = lane; i < names.length; i += AT_ONCE) {
      await host.run({ function: names[i]!, job: "floatOperation", n: 100 });
    }
  }));
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
