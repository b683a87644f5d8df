/** Makes many functions known to an agent, by invoking each. */
import type { ForkServer } from "../../host/forkserver.ts";
import { MOST_FUNCTIONS } from "../../observe/functions.ts";
import { sleep } from "../clock.ts";
import type { Service } from "../processes.ts";
import { startProgress } from "../progress.ts";
import { figures } from "./measure.ts";

/** Invocations under way at once. */
const AT_ONCE = 32;

/** So many at a time: fewer than the kernel side remembers verdicts of. */
const GROUP = 1000;

/** An invocation this short is over before the agent has looked whose it is: the name is known from it, not more. */
const N = 100;

/** Of each function once its name is known: a policy comes with five. */
const TIMES = 5;

/** How often a group is tried while not all are known; and at least, where an agent has begun to forget others for them. */
const MOST_TRIES = 20, LEAST_TRIES = 3;

/**
 * Invokes the functions from one number to another until the agent knows them all. It knows 20 000 at once at
 * most, and forgets those that it has not seen for longest.
 */
export async function meetFunctions(
  agent: Service,
  host: ForkServer,
  nameOf: (index: number) => string,
  from: number,
  to: number,
): Promise<void> {
  using progress = startProgress("functions", to);
  for (let first = from; first < to; first += GROUP) {
    const names = Array.from({ length: Math.min(GROUP, to - first) }, (_, i) => nameOf(first + i));
    const wanted = first + names.length;
    const tries = wanted > MOST_FUNCTIONS / 2 ? LEAST_TRIES : MOST_TRIES;
    for (let attempt = 0; attempt < tries && (await figures(agent)).known < wanted; attempt++) {
      await runAll(host, names);
      await sleep(300);
    }
    for (let time = 0; time < TIMES; time++) await runAll(host, names);
    progress.update(wanted);
  }
}

/** One short invocation of each. */
async function runAll(host: ForkServer, names: readonly string[]): Promise<void> {
  await Promise.all(Array.from({ length: AT_ONCE }, async (_, lane) => {
    for (let i = lane; i < names.length; i += AT_ONCE) {
      await host.run({ function: names[i]!, job: "floatOperation", n: N });
    }
  }));
}
