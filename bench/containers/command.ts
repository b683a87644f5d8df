/**
 * `deno task bench containers`: what ordering is worth where functions are in real containers. The same requests under the
 * kernel's default and with an agent that finds the functions by itself and learns them from nothing; as a part of the way
 * to SRPT that knows the measured sizes.
 */
import { join } from "node:path";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { FailedError, NotPossibleError } from "../../cli/errors.ts";
import { escaped } from "../../observe/names.ts";
import { SetupError } from "../../scripts/command.ts";
import { CONTAINER_NEEDS, ensurePackages } from "../../scripts/packages.ts";
import { sleep } from "../clock.ts";
import { compareRounds, type Comparison, DEFAULT, ORACLE, type Round } from "../compare.ts";
import { driftPercent } from "../drift.ts";
import { describeCommit, describeMachine } from "../machine.ts";
import { atRaisedPriority } from "../priority.ts";
import { CHECKOUT, type Service, startService } from "../processes.ts";
import { comparisonTable, formatInterval } from "../report.ts";
import type { Results } from "../results.ts";
import { MOST_DRIFT_PERCENT, runRound } from "../rounds.ts";
import { gapClosed, type Measured } from "../summary.ts";
import { terminalColumns } from "../text.ts";
import { Containerd } from "./containerd.ts";
import { Docker } from "./docker.ts";
import type { Engine } from "./engine.ts";
import { containerTrace, FUNCTIONS, nameOf, sendToContainers } from "./load.ts";
import { TemporaryPlace } from "./place.ts";
import type { Served } from "./served.ts";

/** Engines that can be measured. */
export const ENGINES = ["docker", "containerd"] as const;

export interface ContainersOptions {
  readonly platform: typeof ENGINES[number];
  readonly load: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly seed: number;
  readonly ml: string;
  readonly json: boolean;
}

/** How long an agent may take to find all containers, in milliseconds. */
const FIND_MS = 60_000;

/** How long containers rest between two runs: what the run before has left running is over then. */
const REST_MS = 1000;

/** Runs it, prints the figures, returns 0. @throws NotPossibleError where there can be no containers here */
export async function runContainers(options: ContainersOptions, signal: AbortSignal): Promise<number> {
  if (Deno.uid() !== 0) {
    throw new NotPossibleError("cannot measure", "containers need root (sudo deno task bench containers)");
  }
  try {
    await ensurePackages(CONTAINER_NEEDS);
  } catch (error) {
    if (error instanceof SetupError) throw new NotPossibleError("cannot measure", error.message);
    throw error;
  }
  const cores = navigator.hardwareConcurrency, alps = `alps:${options.ml}`;
  const rounds = await measureRounds(options, cores, alps, signal);
  const comparison = compareRounds(rounds, cores);
  console.log(
    options.json
      ? JSON.stringify(await documentOf(options, comparison, cores), null, 2)
      : textOf(options, comparison, alps, rounds),
  );
  return 0;
}

async function measureRounds(
  { platform, load, seconds, rounds, seed, ml }: ContainersOptions,
  cores: number,
  alps: string,
  signal: AbortSignal,
): Promise<Round[]> {
  await using place = await TemporaryPlace.make("alps-bench-containers-");
  await using engine = await (platform === "docker" ? Docker : Containerd).start(place);
  const pools = await startContainers(engine, signal);
  const policies = [{ name: DEFAULT, backend: "none" }, { name: alps, backend: "auto" }];
  const done: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    const rows = containerTrace({ seed: seed + round, load, cores, seconds });
    const runs = await runRound(policies, round, async ({ name, backend }) => {
      console.error(`… round ${round + 1} of ${rounds}: ${name}, ${rows.length} requests in ${seconds} s`);
      const folder = join(place.folder, `${round}-${backend}`);
      await using agent = await startAgent(place, folder, backend, ml, signal);
      await untilFound(agent, signal);
      await sleep(REST_MS, signal);
      const run = await atRaisedPriority(() => sendToContainers(rows, pools, signal));
      // A round in which it had to stop ordering says something else than one in which it did not.
      for (const line of agent.lastWords) console.error(`The agent says: ${escaped(line)}`);
      return run;
    });
    done.push(new Map(policies.map(({ name }, index) => [name, runs[index]!])));
  }
  return done;
}

async function startContainers(engine: Engine, signal: AbortSignal): Promise<Map<string, Served[]>> {
  const count = FUNCTIONS.reduce((sum, { containers }) => sum + containers, 0);
  console.error(`… starting ${count} containers`);
  const pools = new Map<string, Served[]>();
  for (const each of FUNCTIONS) {
    const name = nameOf(each), pool: Served[] = [];
    for (let index = 0; index < each.containers; index++) {
      signal.throwIfAborted();
      pool.push(await engine.serveFunction(name, index));
    }
    pools.set(name, await Promise.all(pool.map((container) => container.ready())));
  }
  return pools;
}

/** An agent that knows nothing, and that meets none but this place's containers. */
function startAgent(
  place: TemporaryPlace,
  folder: string,
  backend: string,
  ml: string,
  signal: AbortSignal,
): Promise<Service> {
  return startService({
    name: "the agent",
    program: place.inside([Deno.execPath(), "run", "--quiet", "-A", join(CHECKOUT, "agent.ts")]),
    args: [
      ...["run", "--backend", backend, "--ml", ml, "--listen", "127.0.0.1:0", "--log-level", "warning"],
      ...["--socket", `${folder}.sock`, "--state", folder],
    ],
    signal,
  });
}

/** Waits until the agent has found all containers. @throws FailedError where it does not */
async function untilFound({ url }: Service, signal: AbortSignal): Promise<void> {
  const wanted = FUNCTIONS.map((each) => `${nameOf(each)} ${each.containers}`).sort().join(", ");
  let found = "";
  for (const endMs = performance.now() + FIND_MS; performance.now() < endMs; await sleep(100, signal)) {
    const response = await fetch(`${url}/functions`, { signal });
    const { functions }: FunctionsSnapshot = await response.json();
    found = functions.map(({ name, instances }) => `${name} ${instances}`).sort().join(", ");
    if (found === wanted) return;
  }
  throw new FailedError(`the agent finds ${found || "nothing"}; there are ${wanted}`);
}

async function documentOf(
  { platform, load, rounds }: ContainersOptions,
  { policies, gapClosed }: Comparison,
  cores: number,
): Promise<Results> {
  const trace = `four functions in containers of ${platform}`;
  return {
    machine: describeMachine(),
    commit: await describeCommit(CHECKOUT),
    runs: [{ trace, load, cores, rounds, policies, gap_closed: gapClosed }],
  };
}

function textOf(
  { platform, load, seconds, rounds, seed }: ContainersOptions,
  comparison: Comparison,
  alps: string,
  measured: readonly Round[],
): string {
  const { byRound, gapClosed: closed } = comparison;
  const means = (index: number) =>
    [DEFAULT, alps, ORACLE].map((name) => byRound.get(name)![index]!.all.mean_ms);
  const lines = measured.map((round, index) => {
    const [before, after, bound] = means(index) as [number, number, number];
    const runs: Measured[][] = [...round.values()].map((run) => [...run]), percent = driftPercent(runs);
    const doubt = percent > MOST_DRIFT_PERCENT
      ? `; the same requests took ${percent.toFixed(1)} % more CPU time in one run than in the other`
      : "";
    const text = [before, after, bound].map((ms) => ms.toFixed(0)).join(", ");
    const gap = gapClosed(before, after, bound).toFixed(2);
    return `round ${index + 1}: default, ALPS, oracle ${text} ms; gap closed ${gap}${doubt}`;
  });
  return [
    `Containers of ${platform}, load ${load}, ${seconds} s, seeds ${seed} to ${seed + rounds - 1}; ` +
    "turnaround from due to answered:",
    comparisonTable({
      ...{ comparison, policy: alps, heading: "ALPS" },
      columns: terminalColumns(Deno.stdout),
    }),
    ...lines,
    `Gap closed: ${formatInterval(closed[alps], rounds)}`,
  ].join("\n");
}
