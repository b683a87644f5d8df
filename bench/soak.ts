/**
 * `deno task soak`: a real agent under real load for long, watched from outside. Memory, descriptors, threads and eBPF
 * map entries must stay flat, and at the end nothing may be left: the exit status is 1 otherwise.
 */
import { Command } from "commander";
import { ForkServer } from "../host/forkserver.ts";
import { hostBinaryPath } from "../host/host.ts";
import { sleep } from "./clock.ts";
import { type Service, startAgentProcess } from "./processes.ts";
import { startProgress } from "./progress.ts";
import { randomNumbers } from "../traces/random.ts";
import { judge, type SoakSample, type SoakVerdict } from "./soak_report.ts";

export interface SoakOptions {
  readonly minutes: number;
  readonly json: boolean;
}

/** Samples of a soak: enough for a line through them, however short it is. */
const SAMPLES = 60;

/** How many functions there are: always the same, for what is kept of a function is kept for days. */
const FUNCTIONS = 50;

/** Loads that take turns, as a share of all cores: idle, busy, overloaded. */
const LOADS = [0.3, 0.8, 1.2] as const;
const STRETCH_S = 5;

/** n of the job floatOperation for a millisecond of CPU time (host/native/functions.h). */
const N_PER_MS = 1800;

/** Runs it, prints what was seen, returns the exit status. */
export async function runSoak({ minutes, json }: SoakOptions): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error("cannot soak: loading eBPF programs needs root (sudo deno task soak)");
    return 3;
  }
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "alps-soak-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const host = resources.use(await ForkServer.start(hostBinaryPath()));
  const agent = resources.use(
    await startAgentProcess({ backend: "stock", ml: "LR", rules: ["comm:soak-{function}"], folder }),
  );
  const seconds = 60 * minutes;
  const load = new Load(host, seconds);
  const samples: SoakSample[] = [];
  {
    using progress = startProgress("soak", SAMPLES);
    const started = performance.now(), elapsed = () => (performance.now() - started) / 1000;
    const done = load.run();
    for (let i = 1; i <= SAMPLES; i++) {
      await sleep(Math.max(0, 1000 * (i * seconds / SAMPLES - elapsed())));
      samples.push({ seconds: elapsed(), ...await sample(agent) });
      const { memoryMb } = samples.at(-1)!;
      progress.update(i, `${memoryMb.toFixed(0)} MB, ${load.finished} invocations`);
    }
    await done;
  }
  const verdict = judge(samples);
  const troubles = [...verdict.grew, ...await leftovers(agent)];
  const words = [...agent.lastWords];
  const status = await agent.stop();
  if (status !== 0) troubles.push(`the agent ended with status ${status}`);
  if (json) {
    console.log(
      JSON.stringify({ minutes, invocations: load.finished, ...verdict, troubles, samples }, null, 2),
    );
  } else console.log(report(verdict, load.finished, minutes));
  for (const word of words) console.error(`The agent says: ${word}`);
  for (const trouble of troubles) console.error(trouble);
  return troubles.length === 0 ? 0 : 1;
}

/** Invocations at a pace that changes, none left when it ends. */
class Load {
  finished = 0;
  readonly #random = randomNumbers(7);
  readonly #running = new Set<Promise<unknown>>();

  constructor(readonly host: ForkServer, readonly seconds: number) {}

  async run(): Promise<void> {
    const cores = navigator.hardwareConcurrency, started = performance.now();
    const elapsed = () => (performance.now() - started) / 1000;
    while (elapsed() < this.seconds) {
      const cpuMs = 1 + 30 * this.#random() ** 3, meanMs = 1 + 30 / 4;
      this.#start(cpuMs);
      const share = LOADS[Math.floor(elapsed() / STRETCH_S) % LOADS.length]!;
      await sleep(-Math.log(1 - this.#random()) * meanMs / (cores * share));
    }
    await Promise.all(this.#running);
  }

  #start(cpuMs: number): void {
    const index = Math.floor(this.#random() * FUNCTIONS);
    const run = this.host.run({
      function: `soak-${index}`,
      job: "floatOperation",
      n: Math.round(cpuMs * N_PER_MS),
    }).then(() => {
      this.finished++;
      this.#running.delete(run);
    });
    this.#running.add(run);
  }
}

/** The agent now, asked as monitoring asks it. */
async function sample({ pid, url }: Service): Promise<Omit<SoakSample, "seconds">> {
  for (const path of ["/metrics", "/priority", "/invocations?limit=1000"]) {
    await (await fetch(url + path)).arrayBuffer();
  }
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const field = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
  const maps = mapBytes(pid);
  return {
    memoryMb: field("VmRSS") / 1024,
    threads: field("Threads"),
    descriptors: [...Deno.readDirSync(`/proc/${pid}/fd`)].length,
    mapKb: Math.round(maps / 1024),
  };
}

/** Memory of the eBPF maps that a process holds, each once (bpf(2), fdinfo). */
function mapBytes(pid: number): number {
  const maps = new Map<string, number>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fdinfo`)) {
    let text: string;
    try {
      text = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${name}`);
    } catch {
      continue; // closed meanwhile
    }
    const id = /^map_id:\s*(\d+)$/m.exec(text)?.[1], bytes = /^memlock:\s*(\d+)$/m.exec(text)?.[1];
    if (id !== undefined && bytes !== undefined) maps.set(id, Number(bytes));
  }
  return maps.values().reduce((sum, bytes) => sum + bytes, 0);
}

/** What should not be there once the load has ended. */
async function leftovers({ url }: Service): Promise<string[]> {
  await sleep(3000);
  const page = await (await fetch(`${url}/metrics`)).text();
  const value = (series: string) => Number(new RegExp(`^${series} (\\S+)$`, "m").exec(page)?.[1] ?? NaN);
  const found: string[] = [];
  if (value("alps_active_invocations") !== 0) {
    found.push(`${value("alps_active_invocations")} invocations are still active in the agent's eyes`);
  }
  for (const [, reason, lost] of page.matchAll(/^alps_events_lost_total\{reason="(\w+)"\} (\S+)$/gm)) {
    if (Number(lost) > 0) found.push(`${lost} events were lost (${reason})`);
  }
  const ready = await fetch(`${url}/readyz`);
  const text = await ready.text();
  if (ready.status !== 200) found.push(`it is not ready: ${text}`);
  return found;
}

function report(
  { memoryMb, descriptors, threads, mapKb }: SoakVerdict,
  invocations: number,
  minutes: number,
): string {
  const change = ({ before, after }: { before: number; after: number }) => `${before} -> ${after}`;
  return [
    `${invocations} invocations in ${minutes} minutes`,
    `memory       ${memoryMb.first.toFixed(0)} -> ${memoryMb.last.toFixed(0)} MB, slope ${
      memoryMb.mbPerHour.toFixed(1)
    } MB/h`,
    `descriptors  ${change(descriptors)}`,
    `threads      ${change(threads)}`,
    `eBPF maps    ${change(mapKb)} kB`,
  ].join("\n");
}

if (import.meta.main) {
  const program = new Command("deno task soak")
    .description("The agent under load for long: what it holds must stay flat. Needs root.")
    .option("--minutes <n>", "how long", (text) => Number(text), 30)
    .option("--json", "print one JSON document", false)
    .action(async (options: SoakOptions) => {
      if (!(options.minutes >= 0.5 && options.minutes <= 1440)) {
        console.error("--minutes must be a number from 0.5 to 1440");
        Deno.exit(2);
      }
      Deno.exit(await runSoak(options));
    });
  await program.parseAsync(Deno.args, { from: "user" });
}
