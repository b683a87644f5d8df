/** What was seen of the functions' processes in `/proc` while a policy was to be in force. */
import { SCHED_FIFO, SCHED_IDLE } from "../../ffi/libc.ts";
import type { ProcessStat } from "./linux_tasks.ts";

/** How often processes of a function were seen scheduled so. */
export interface Seen {
  readonly function: string;
  readonly policy: number;
  readonly nice: number;
  count: number;
}

/** Sums over all looks. Plain data. */
export interface Tally {
  looks: number;
  /** Looks at which more processes wanted a CPU than there are. */
  contended: number;
  /** … and at least one of those was in the idle class. */
  contendedWithIdle: number;
  /** Most processes in `SCHED_FIFO` at once. */
  mostFifo: number;
  seen: Seen[];
}

/** Adds up looks. */
export class Tallying {
  readonly #tally: Tally = { looks: 0, contended: 0, contendedWithIdle: 0, mostFifo: 0, seen: [] };
  readonly #seen = new Map<string, Seen>();

  constructor(readonly cores: number) {}

  /** @param processes those that have been at it for a while, so that whoever schedules has had time to */
  look(processes: readonly { readonly function: string; readonly stat: ProcessStat }[]): void {
    const tally = this.#tally;
    const wanting = processes.filter(({ stat }) => stat.state === "R");
    const idle = wanting.some(({ stat }) => stat.policy === SCHED_IDLE);
    tally.looks++;
    if (wanting.length > this.cores) {
      tally.contended++;
      if (idle) tally.contendedWithIdle++;
    }
    tally.mostFifo = Math.max(
      tally.mostFifo,
      processes.filter(({ stat }) => stat.policy === SCHED_FIFO).length,
    );
    for (const { function: name, stat: { policy, nice } } of processes) {
      const key = `${policy} ${nice} ${name}`;
      let seen = this.#seen.get(key);
      if (seen === undefined) {
        seen = { function: name, policy, nice, count: 0 };
        this.#seen.set(key, seen);
        tally.seen.push(seen);
      }
      seen.count++;
    }
  }

  get tally(): Tally {
    return this.#tally;
  }
}
