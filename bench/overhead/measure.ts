/** Measures an agent under a load. */
import type { ForkServer } from "../../host/forkserver.ts";
import { BpfCost, processCost } from "../agent_cost.ts";
import { sleep } from "../clock.ts";
import type { Service } from "../processes.ts";
import type { Part } from "./parts.ts";

/** Figures of one part. CPU as a share of one core, in percent; times in microseconds. */
export interface PartResult {
  part: string;
  functions_known: number;
  invocations: number;
  /** As many a second as were really done. */
  per_second: number;
  agent_cpu_percent: number;
  bpf_percent: number;
  bpf_ns_per_run: number;
  memory_mb: number;
  events_lost: number;
  most_active: number;
  /** Promotions and demotions: latencies of few say little. */
  changes: number;
  event_to_attribute_us: Quantiles;
  promotion_to_running_us: Quantiles;
  decision_us: Quantiles;
}

/** Quantiles; `max` is 0 where nothing was measured. */
export type Quantiles = { p50: number; p99: number; p999: number; max: number };

/** n of the job floatOperation for a millisecond of CPU time (host/native/functions.h). */
const N_PER_MS = 1800;

/** Rounds of one invocation of each function, at most, until the agent has seen all of them. */
const WARM_ROUNDS = 20;

/** The names of the functions that are invoked. */
export type Names = readonly string[];

/** Makes functions known to an agent, and its code warm, before it counts. */
export async function makeKnown(agent: Service, host: ForkServer, names: Names): Promise<void> {
  const before = (await figures(agent)).known;
  for (let round = 0; round < WARM_ROUNDS; round++) {
    await Promise.all(names.map((name) => host.run({ function: name, job: "floatOperation", n: N_PER_MS })));
    await sleep(500);
    if (round > 0 && (await figures(agent)).known >= before + names.length) return;
  }
}

/** Runs a part with these functions, and reads what it cost. */
export async function measurePart(
  part: Part,
  { agent, host, names, seconds, cores }: {
    agent: Service;
    host: ForkServer;
    names: Names;
    seconds: number;
    cores: number;
  },
): Promise<PartResult> {
  using bpf = new BpfCost(agent.pid);
  const running: Promise<unknown>[] = [];
  const run = (index: number, cpuMs: number) => {
    const n = Math.max(1, Math.round(cpuMs * N_PER_MS));
    running.push(host.run({ function: names[index % names.length]!, job: "floatOperation", n }));
  };
  const figuresBefore = await figures(agent);
  const before = processCost(agent.pid), bpfBefore = bpf.read(), startMs = performance.now();
  await part.load(run, seconds, cores);
  await Promise.all(running);
  const after = processCost(agent.pid), bpfAfter = bpf.read(), wallMs = performance.now() - startMs;
  await sleep(2500); // the agent fetches its event thread's figures every two seconds
  const { known, lost, changes, mostActive, quantiles } = await figures(agent);
  const runs = bpfAfter.runs - bpfBefore.runs, bpfNs = bpfAfter.ns - bpfBefore.ns;
  return {
    part: part.name,
    functions_known: known,
    invocations: running.length,
    per_second: round(1000 * running.length / wallMs),
    agent_cpu_percent: round(100 * (after.cpuMs - before.cpuMs) / wallMs),
    bpf_percent: round(100 * bpfNs / 1e6 / wallMs),
    bpf_ns_per_run: Math.round(bpfNs / Math.max(1, runs)),
    memory_mb: Math.round(after.memoryMb),
    events_lost: lost - figuresBefore.lost,
    most_active: mostActive,
    changes: changes - figuresBefore.changes,
    event_to_attribute_us: quantiles("event_to_action"),
    promotion_to_running_us: quantiles("promotion_to_running"),
    decision_us: quantiles("decision"),
  };
}

/** What an agent says of itself at `/metrics`. */
export async function figures({ url }: Service): Promise<{
  known: number;
  lost: number;
  changes: number;
  mostActive: number;
  quantiles: (stage: string) => Quantiles;
}> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split("\n");
  const value = (part: string): number => {
    const line = lines.find((one) => !one.startsWith("#") && one.includes(part));
    return line === undefined ? 0 : Number(line.slice(line.lastIndexOf(" ") + 1));
  };
  return {
    known: value("alps_functions "),
    lost: ["ring_full", "no_slot", "no_memory"].reduce((sum, reason) => sum + value(`reason="${reason}"`), 0),
    changes: value("alps_promotions_total ") + value("alps_demotions_total "),
    mostActive: value("alps_most_active_invocations "),
    quantiles: (stage) => {
      const at = (quantile: string) => round(1e6 * value(`stage="${stage}",quantile="${quantile}"`));
      return { p50: at("0.5"), p99: at("0.99"), p999: at("0.999"), max: at("1") };
    },
  };
}

function round(value: number): number {
  return value >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
