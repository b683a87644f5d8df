/** What an agent is loaded with while its cost is measured. */
import { randomNumbers } from "../../traces/random.ts";
import { sleep } from "../clock.ts";

/** A load: what it starts during `seconds`, through `run(function number, CPU time)`. */
export interface Part {
  readonly name: string;
  load(run: (index: number, cpuMs: number) => void, seconds: number, cores: number): Promise<void>;
}

/** Functions that take turns in every part. */
export const FUNCTIONS = 20;

/** As it is in use: nothing, much, too much, all at once. */
export const USUAL: readonly Part[] = [
  { name: "idle", load: (_run, seconds) => sleep(seconds * 1000) },
  {
    name: "500 invocations/s of 2 ms",
    load: (run, seconds) => atRate(500, seconds, (i) => run(i % FUNCTIONS, 2)),
  },
  { name: "saturated: load 1.2 for half of the time", load: saturate },
  {
    name: "500 invocations at once",
    load: async (run) => {
      for (let i = 0; i < 500; i++) run(i % FUNCTIONS, 10 + i % FUNCTIONS);
      await sleep(1000);
    },
  },
];

/** CPU time of a tiny invocation, in milliseconds: less than starting its process takes. */
const TINY_MS = 0.1;

/** Tiny ones at a rate. Who starts them and the processes themselves may take the machine before the agent does. */
export const RATES: readonly Part[] = [10, 100, 1000, 5000].map((rate) => ({
  name: `${rate} tiny invocations/s`,
  load: (run, seconds) => atRate(rate, seconds, (i) => run(i % FUNCTIONS, TINY_MS)),
}));

/** More than the machine can do for half of the time: twice as long as it takes to work it off. */
export async function saturate(
  run: (index: number, cpuMs: number) => void,
  seconds: number,
  cores: number,
): Promise<void> {
  // Functions from 2 to 200 ms, equally often: 43 ms on average.
  const random = randomNumbers(1), meanMs = 198 / Math.log(100);
  await atRate(1.2 * cores * 1000 / meanMs, seconds / 2, () => {
    const i = Math.floor(random() * FUNCTIONS);
    run(i, 2 * 100 ** (i / (FUNCTIONS - 1)));
  });
}

/** Calls `action` at a steady rate, open loop: late calls are made up for. */
export async function atRate(
  perSecond: number,
  seconds: number,
  action: (i: number) => void,
): Promise<void> {
  const startMs = performance.now(), total = Math.round(perSecond * seconds);
  for (let i = 0; i < total;) {
    const due = Math.min(total, Math.floor((performance.now() - startMs) / 1000 * perSecond) + 1);
    while (i < due) action(i++);
    await sleep(Math.max(1, startMs + 1000 * i / perSecond - performance.now()));
  }
}
