/**
 * `deno task bench overhead`: what the agent costs and how fast it reacts, on this machine, with real processes; and how that
 * grows with the rate of invocations and with the number of functions known.
 */
import Table from "cli-table3";
import { ForkServer } from "../../host/forkserver.ts";
import { hostBinaryPath } from "../../host/host.ts";
import { type Service, startAgentProcess } from "../processes.ts";
import { roughDuration } from "../text.ts";
import { makeKnown, measurePart, type PartResult, type Quantiles } from "./measure.ts";
import { meetFunctions } from "./meet.ts";
import { FUNCTIONS, type Part, RATES, saturate, USUAL } from "./parts.ts";

export interface OverheadOptions {
  readonly ml: string;
  /** Length of each part. */
  readonly seconds: number;
  /** Which groups of parts are measured; empty for all. */
  readonly only: readonly Group[];
  /** Most functions to be met. */
  readonly functions: number;
  readonly json: boolean;
}

/** Groups of parts. In the first two every part starts its own agent, so that the figures of one are not another's. */
export const GROUPS = ["usual", "rates", "functions"] as const;
export type Group = typeof GROUPS[number];

/** How many functions it has met when it is measured again. It knows fewer where it has forgotten some. */
const STEPS = [10, 100, 1000, 10_000, 100_000];

/** What one agent adds to a part, in seconds; and how long a function takes to become known. */
const AROUND_S = 7, MEET_S = 0.004;

/** Runs all parts, prints tables (or JSON), returns the exit status. */
export async function runOverhead(options: OverheadOptions): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error("cannot measure: loading eBPF programs needs root (sudo deno task bench overhead)");
    return 3;
  }
  const { ml, seconds, only, functions, json } = options;
  const cores = navigator.hardwareConcurrency;
  const wanted = (group: Group) => only.length === 0 || only.includes(group);
  const steps = STEPS.filter((count) => count <= functions);
  const alone = [...(wanted("usual") ? USUAL : []), ...(wanted("rates") ? RATES : [])];
  const growing = wanted("functions") ? steps.length : 0;
  const expected = (alone.length + growing) * (seconds + AROUND_S) +
    (growing > 0 ? MEET_S * steps.at(-1)! : 0);
  console.error(
    `${alone.length + growing} parts of about ${seconds} s on ${cores} cores, predictor ${ml}: about ` +
      `${roughDuration(expected)} in all.`,
  );
  const results: PartResult[] = [];
  for (const part of alone) {
    console.error(`… ${part.name}`);
    results.push(await measureAlone(part, options, cores));
  }
  if (growing > 0) results.push(...await measureGrowing(steps, options, cores));
  console.log(json ? JSON.stringify(results, null, 2) : `${table(results)}\n${NOTE}`);
  return 0;
}

/** What the agent's own figures are of. */
const NOTE =
  "Latencies are from an agent's start on: where it meets functions, that and the steps before are in them.";

/** With an agent of its own. */
async function measureAlone(part: Part, options: OverheadOptions, cores: number): Promise<PartResult> {
  const names = Array.from({ length: FUNCTIONS }, (_, i) => `bench-${i}`);
  return await withAgent(options.ml, names.map((name) => `${name}=comm:${name}`), async (agent, host) => {
    await makeKnown(agent, host, names);
    return await measurePart(part, { agent, host, names, seconds: options.seconds, cores });
  });
}

/** One agent, to which more and more functions become known; it is saturated by the same twenty each time. */
async function measureGrowing(
  steps: readonly number[],
  options: OverheadOptions,
  cores: number,
): Promise<PartResult[]> {
  return await withAgent(options.ml, ["comm:f-{function}"], async (agent, host) => {
    const results: PartResult[] = [];
    let met = 0;
    for (const count of steps) {
      await meetFunctions(agent, host, nameOf, met, count);
      met = count;
      const names = Array.from({ length: Math.min(FUNCTIONS, count) }, (_, i) => nameOf(i));
      const part = { name: `${count} functions met, saturated`, load: saturate };
      console.error(`… ${part.name}`);
      results.push(await measurePart(part, { agent, host, names, seconds: options.seconds, cores }));
    }
    return results;
  });
}

/** A process's name has 15 bytes. */
function nameOf(index: number): string {
  return `f-${String(index).padStart(7, "0")}`;
}

async function withAgent<T>(
  ml: string,
  rules: readonly string[],
  action: (agent: Service, host: ForkServer) => Promise<T>,
): Promise<T> {
  await using resources = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "alps-overhead-" });
  resources.defer(() => Deno.remove(folder, { recursive: true }));
  const host = resources.use(await ForkServer.start(hostBinaryPath()));
  const agent = resources.use(await startAgentProcess({ backend: "stock", ml, rules, folder }));
  return await action(agent, host);
}

/** A row per part. */
function table(results: readonly PartResult[]): string {
  const table = new Table({
    head: [
      "",
      "inv./s",
      "known",
      "agent, % of a core",
      "eBPF, %",
      "eBPF, ns per run",
      "memory, MB",
      "events lost",
      "most active",
      "changes",
      "event to attribute, µs: p50 / p99 / p99.9 / max",
      "promotion to running, µs",
      "one decision, µs",
    ],
    wordWrap: true,
    colWidths: [26, 8, 8, 9, 8, 9, 9, 8, 8, 9, 26, 26, 22],
  });
  const quantiles = ({ p50, p99, p999, max }: Quantiles) =>
    max === 0 ? "-" : `${p50} / ${p99} / ${p999} / ${max}`;
  for (const each of results) {
    table.push([
      each.part,
      each.per_second,
      each.functions_known,
      each.agent_cpu_percent,
      each.bpf_percent,
      each.bpf_ns_per_run,
      each.memory_mb,
      each.events_lost,
      each.most_active,
      each.changes,
      quantiles(each.event_to_attribute_us),
      quantiles(each.promotion_to_running_us),
      quantiles(each.decision_us),
    ]);
  }
  return table.toString();
}
