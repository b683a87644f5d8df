/**
 * `deno task bench switch-cost`: what a context switch costs without an agent, with one that only observes, and with one whose
 * order is in force while no function runs. On one CPU of a real machine this is noisy; `deno task bench:vm scx --icount` runs it
 * where time counts instructions.
 */
import Table from "cli-table3";
import { join } from "node:path";
import { median } from "simple-statistics";
import { FailedError } from "../../cli/errors.ts";
import { sleep } from "../clock.ts";
import { startAgentProcess } from "../processes.ts";
import { SWITCH_PATH } from "./build.ts";

/** What the command line says. */
export interface SwitchCostOptions {
  /** Backends, separated by commas; `none` only observes. Empty: without an agent alone. */
  readonly backends: string;
  readonly runs: number;
  readonly switches: number;
  readonly json: boolean;
}

/** Ways of switching: giving way, and waking another one up. */
const WAYS = ["yield", "pipe"] as const;

/** One way under one agent. */
interface Cost {
  /** `no agent`, or the backend. */
  readonly agent: string;
  readonly way: typeof WAYS[number];
  /** Of one switch, in nanoseconds: a run each. */
  readonly ns: readonly number[];
}

/** An agent has settled: after 10 s without any invocation the backend cfs lets go of the kernel's hooks. */
const SETTLED_MS = 15_000;

/** No process is called so. */
const NO_FUNCTION = "none=comm:no-such-function";

/** Measures, prints, and returns the exit status. */
export async function runSwitchCost(options: SwitchCostOptions, signal: AbortSignal): Promise<number> {
  const { backends, runs, switches, json } = options;
  const costs: Cost[] = [...await measure("no agent", runs, switches, signal)];
  const folder = await Deno.makeTempDir({ prefix: "alps-bench-" });
  try {
    for (const backend of backends.split(",").filter((name) => name !== "")) {
      const own = join(folder, backend);
      await Deno.mkdir(own);
      await using _agent = await startAgentProcess({
        backend: backend as "stock",
        ml: "avg",
        rules: [NO_FUNCTION],
        args: ["--discover", "none"],
        folder: own,
        signal,
      });
      await sleep(SETTLED_MS);
      costs.push(...await measure(backend, runs, switches, signal));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  console.log(json ? JSON.stringify({ costs }, null, 2) : table(costs, runs));
  return 0;
}

/** So many runs of each way. */
async function measure(agent: string, runs: number, switches: number, signal: AbortSignal): Promise<Cost[]> {
  const costs: Cost[] = [];
  for (const way of WAYS) {
    const ns: number[] = [];
    for (let run = 0; run < runs; run++) {
      const { success, stdout, stderr } = await new Deno.Command(SWITCH_PATH, {
        args: [way, String(switches)],
        signal,
      }).output();
      const decoder = new TextDecoder();
      if (!success) throw new FailedError(`cannot measure switches: ${decoder.decode(stderr).trim()}`);
      ns.push(Number(decoder.decode(stdout)));
    }
    costs.push({ agent, way, ns });
  }
  return costs;
}

function table(costs: readonly Cost[], runs: number): string {
  const rows = new Table({
    head: ["", "way", `ns a switch, median of ${runs}`, "least to most", "of it without an agent"],
    style: { head: [], border: [] },
  });
  for (const { agent, way, ns } of costs) {
    const without = median([...costs.find((cost) => cost.way === way)!.ns]), here = median([...ns]);
    rows.push([
      agent,
      way,
      here.toFixed(0),
      `${Math.min(...ns).toFixed(0)} to ${Math.max(...ns).toFixed(0)}`,
      `${(here / without).toFixed(3)} ×`,
    ]);
  }
  return rows.toString();
}
