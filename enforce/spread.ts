/** Chosen invocations on CPUs of their own: looked at after each decision, moved where two are on one. */

import type { Libc } from "../ffi/libc.ts";
import type { SlotTable } from "../observe/slots.ts";
import type { ChangeJournal } from "./change_journal.ts";
import { Mover, type Placed, planMoves } from "./placement.ts";
import type { Entry } from "./stock_entry.ts";

export class Spreader {
  readonly #mover: Mover;
  #cpus: readonly number[];

  constructor(
    libc: Pick<Libc, "getAffinity" | "setAffinity">,
    readonly slots: Pick<SlotTable, "cpu" | "lastTid" | "running">,
    cpus: readonly number[],
    journal: ChangeJournal,
  ) {
    this.#cpus = cpus;
    this.#mover = new Mover(libc, cpus, journal);
  }

  /** @param cpus those that are switched on */
  setCpus(cpus: readonly number[]): void {
    this.#cpus = cpus;
    this.#mover.setCpus(cpus);
  }

  /**
   * @param all the chosen ones in order of rank
   * @param held those of them that no CPU would let run
   * @returns how many were moved
   */
  spread(all: readonly Entry[], held: readonly Entry[] = []): number {
    const chosen = held.length === 0 ? all : all.filter((entry) => !held.includes(entry));
    if (!this.#collide(chosen)) return 0;
    const placed: Placed[] = chosen.map(({ invocation: { slot } }) => ({
      tid: this.slots.lastTid(slot),
      cpu: this.slots.cpu(slot),
      running: this.slots.running(slot) > 0,
    }));
    return planMoves(placed, this.#cpus).filter((move) => this.#mover.move(move)).length;
  }

  /** Whether two chosen ones are on one CPU: rarely, so that no plan needs to be made. */
  #collide(chosen: readonly Entry[]): boolean {
    for (let i = 1; i < chosen.length; i++) {
      const cpu = this.slots.cpu(chosen[i]!.invocation.slot);
      for (let j = 0; j < i; j++) if (this.slots.cpu(chosen[j]!.invocation.slot) === cpu) return true;
    }
    return false;
  }
}
