/**
 * `deno task bench overhead`: what the agent costs and how fast it reacts, on this machine, with real processes. Every
 * part starts its own agent, so that the figures of one part are not those of another.
 */

import Table from "cli-table3";
import { ForkServer } from "../host/forkserver.ts";
import { hostBinaryPath } from "../host/host.ts";
import { BpfCost, processCost } from "./agent_cost.ts";
import { sleep } from "./clock.ts";
import { randomNumbers } from "../traces/random.ts";
import { type Service, startAgentProcess } from "./processes.ts";

export interface OverheadOptions {
  readonly ml: string;
  /** Length of each part. */
  readonly seconds: number;
  readonly json: boolean;
}

/** Figures of one part. CPU as a share of one core, in percent; times in microseconds. */
interface PartResult {
  part: string;
  invocations: number;
  agent_cpu_percent: number;
  bpf_percent: number;
  bpf_ns_per_run: number;
  memory_mb: number;
  events_lost: number;
  most_active: number;
  event_to_attribute_us: Quantiles;
  promotion_to_running_us: Quantiles;
  decision_us: Quantiles;
}

type Quantiles = { p50: number; p99: number; p999: number; max: number };

/** n of the job floatOperation for a millisecond of CPU time (host/native/functions.h). */
const N_PER_MS = 1800;

/** A load: what it starts during `seconds`, through `run(function, cpuMs)`. */
interface Part {
  name: string;
  load(run: (name: string, cpuMs: number) => void, seconds: number, cores: number): Promise<void>;
}

const PARTS: readonly Part[] = [
  { name: "idle", load: (_run, seconds) => sleep(seconds * 1000) },
  {
    name: "500 invocations/s of 2 ms",
    load: (run, seconds) => atRate(500, seconds, (i) => run(`bench-${i % 20}`, 2)),
  },
  {
    name: "saturated: load 1.2 for half of the time",
    load: async (run, seconds, cores) => {
      // 20 functions from 2 to 200 ms, equally often: 46 ms on average. Twice as long as it takes to work it off.
      const random = randomNumbers(1), meanMs = 198 / Math.log(100);
      const perSecond = 1.2 * cores * 1000 / meanMs;
      await atRate(perSecond, seconds / 2, () => {
        const i = Math.floor(random() * 20);
        run(`bench-${i}`, 2 * 100 ** (i / 19));
      });
    },
  },
  {
    name: "500 invocations at once",
    load: async (run) => {
      for (let i = 0; i < 500; i++) run(`bench-${i % 20}`, 10 + i % 20);
      await sleep(1000);
    },
  },
];

/** Runs all parts, prints a table (or JSON), returns the exit status. */
export async function runOverhead(options: OverheadOptions): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error("cannot measure: loading eBPF programs needs root (sudo deno task bench overhead)");
    return 3;
  }
  const cores = navigator.hardwareConcurrency;
  console.error(
    `${PARTS.length} parts of about ${options.seconds} s each on ${cores} cores, predictor ${options.ml}`,
  );
  const results: PartResult[] = [];
  for (const part of PARTS) {
    console.error(`… ${part.name}`);
    results.push(await measurePart(part, options, cores));
  }
  console.log(options.json ? JSON.stringify(results, null, 2) : table(results));
  return 0;
}

async function measurePart(part: Part, { ml, seconds }: OverheadOptions, cores: number): Promise<PartResult> {
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "alps-overhead-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const rules = Array.from({ length: 20 }, (_, i) => `bench-${i}=comm:bench-${i}`);
  const host = resources.use(await ForkServer.start(hostBinaryPath()));
  const agent = resources.use(await startAgentProcess({ backend: "stock", ml, rules, folder }));
  using bpf = new BpfCost(agent.pid);
  const running: Promise<unknown>[] = [];
  const run = (name: string, cpuMs: number) =>
    void running.push(host.run({ function: name, job: "floatOperation", n: Math.round(cpuMs * N_PER_MS) }));
  // Each function is known, and the agent's code is warm, before it counts.
  for (let i = 0; i < 20; i++) run(`bench-${i}`, 1);
  await Promise.all(running);
  await sleep(1000);
  running.length = 0;
  const before = processCost(agent.pid), bpfBefore = bpf.read(), startMs = performance.now();
  await part.load(run, seconds, cores);
  await Promise.all(running);
  const after = processCost(agent.pid), bpfAfter = bpf.read(), wallMs = performance.now() - startMs;
  await sleep(2500); // the agent fetches its event thread's figures every two seconds
  const metrics = await scrape(agent);
  const quantiles = (stage: string): Quantiles => {
    const at = (quantile: string) => round(1e6 * (metrics(`stage="${stage}",quantile="${quantile}"`) ?? 0));
    return { p50: at("0.5"), p99: at("0.99"), p999: at("0.999"), max: at("1") };
  };
  const runs = bpfAfter.runs - bpfBefore.runs, bpfNs = bpfAfter.ns - bpfBefore.ns;
  return {
    part: part.name,
    invocations: running.length,
    agent_cpu_percent: round(100 * (after.cpuMs - before.cpuMs) / wallMs),
    bpf_percent: round(100 * bpfNs / 1e6 / wallMs),
    bpf_ns_per_run: Math.round(bpfNs / Math.max(1, runs)),
    memory_mb: Math.round(after.memoryMb),
    events_lost: ["ring_full", "no_slot", "no_memory"].reduce(
      (n, r) => n + (metrics(`reason="${r}"`) ?? 0),
      0,
    ),
    most_active: metrics("alps_most_active_invocations ") ?? 0,
    event_to_attribute_us: quantiles("event_to_action"),
    promotion_to_running_us: quantiles("promotion_to_running"),
    decision_us: quantiles("decision"),
  };
}

/** Calls `action` at a steady rate, open loop: late calls are made up for. */
async function atRate(perSecond: number, seconds: number, action: (i: number) => void): Promise<void> {
  const startMs = performance.now(), total = Math.round(perSecond * seconds);
  for (let i = 0; i < total;) {
    const due = Math.min(total, Math.floor((performance.now() - startMs) / 1000 * perSecond) + 1);
    while (i < due) action(i++);
    await sleep(Math.max(1, startMs + 1000 * i / perSecond - performance.now()));
  }
}

/** The agent's metrics: a function from a part of a sample's line to its value. */
async function scrape(agent: Service): Promise<(part: string) => number | undefined> {
  const lines = (await (await fetch(`${agent.url}/metrics`)).text()).split("\n");
  return (part) => {
    const line = lines.find((one) => !one.startsWith("#") && one.includes(part));
    return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(" ") + 1));
  };
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

function table(results: readonly PartResult[]): string {
  const table = new Table({
    head: ["", ...results.map(({ part }) => part)],
    wordWrap: true,
    colWidths: [30, 16, 16, 16, 16],
  });
  const row = (name: string, value: (result: PartResult) => string | number) =>
    table.push([name, ...results.map(value)]);
  const quantiles =
    (key: "event_to_attribute_us" | "promotion_to_running_us" | "decision_us") => (r: PartResult) =>
      r[key].max === 0 ? "-" : `${r[key].p50} / ${r[key].p99} / ${r[key].max}`;
  row("invocations", (r) => r.invocations);
  row("most active at once", (r) => r.most_active);
  row("agent, % of one core", (r) => r.agent_cpu_percent);
  row("eBPF programs, % of one core", (r) => r.bpf_percent);
  row("  ns per run", (r) => r.bpf_ns_per_run);
  row("memory, MB", (r) => r.memory_mb);
  row("events lost", (r) => r.events_lost);
  row("event to attribute, µs: p50 / p99 / max", quantiles("event_to_attribute_us"));
  row("promotion to running, µs", quantiles("promotion_to_running_us"));
  row("one decision, µs", quantiles("decision_us"));
  return table.toString();
}
