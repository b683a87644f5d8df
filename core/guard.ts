/**
 * The guard: switches enforcement off by itself where it may do harm, and tries again later. Pure: what it is told are
 * measurements and times of the monotonic clock, what it answers is whether to enforce.
 */

/** What can be wrong. */
export type GuardReason = "wait" | "events_lost" | "late" | "memory";

/** Measurements of one moment. Counters count from the start. */
export interface GuardSample {
  /** Waits for a CPU that were longer than is allowed, of those that no CPU limit may have held. */
  readonly longWaits: number;
  /** The longest wait for a CPU that goes on now and that no CPU limit is the reason for, at least, in nanoseconds. */
  readonly waitingNs: number;
  /** Events, and processes, that the kernel side could not hand over. */
  readonly eventsLost: number;
  /** Bytes that programs can still have, and what the machine has; undefined where it was not looked at. */
  readonly memory: { readonly availableBytes: number; readonly totalBytes: number } | undefined;
}

/** Why the guard has switched off. */
export interface GuardTrip {
  readonly reason: GuardReason;
  /** One line for people. */
  readonly text: string;
  /** When it tries again; monotonic nanoseconds. */
  readonly untilNs: number;
}

/** Later than this is late: a short function would have ended by then. */
const LATE_NS = 50_000_000;
/** Being late so long is no hiccup. */
const LATE_FOR_NS = 3_000_000_000;

/** Until the first new attempt. Each further pause is twice as long, up to the longest. */
const FIRST_PAUSE_NS = 10_000_000_000;
const LONGEST_PAUSE_NS = 600_000_000_000;
/** After so long without trouble the next pause is the first again. */
const GOOD_NS = 120_000_000_000;

/** Bytes below which memory counts as run out: 2 % of the machine's, but neither very little nor very much. */
export function leastMemoryBytes(totalBytes: number): number {
  return Math.min(Math.max(0.02 * totalBytes, 32 * 2 ** 20), 256 * 2 ** 20);
}

/** Decides from measurements; whoever asks carries it out. */
export class Guard {
  /** How often it has switched off, by reason. */
  readonly trips: Record<GuardReason, number> = { wait: 0, events_lost: 0, late: 0, memory: 0 };
  #trip: GuardTrip | undefined;
  #pauseNs = FIRST_PAUSE_NS;
  #goodSinceNs: number | undefined;
  /** Since when every reaction has been late; undefined = the latest was not. */
  #lateSinceNs: number | undefined;
  /** For how long every reaction was late, at most, since the last look. */
  #lateForNs = 0;
  #longWaits = 0;
  #eventsLost = 0;

  /** @param maxWaitNs how long a task that wants a CPU may go without at most */
  constructor(readonly maxWaitNs: number) {}

  /** Why enforcement is off, undefined while it need not be. */
  get trip(): GuardTrip | undefined {
    return this.#trip;
  }

  /** A reaction to an event, or a wake-up of a timer, came so late. Called for each; costs nothing. */
  reacted(lateNs: number, nowNs: number): void {
    if (lateNs <= LATE_NS) {
      this.#lateSinceNs = undefined;
    } else {
      this.#lateSinceNs = Math.min(this.#lateSinceNs ?? Infinity, nowNs - lateNs);
      this.#lateForNs = Math.max(this.#lateForNs, nowNs - this.#lateSinceNs);
    }
  }

  /** Looks at measurements, about once a second. Returns whether {@link trip} has changed. */
  look(sample: GuardSample, nowNs: number): boolean {
    const found = this.#wrong(sample);
    this.#lateForNs = 0;
    this.#longWaits = sample.longWaits;
    this.#eventsLost = sample.eventsLost;
    if (this.#trip) {
      if (nowNs < this.#trip.untilNs) return false;
      if (!found) {
        this.#trip = undefined;
        this.#goodSinceNs = nowNs;
        return true;
      }
    } else if (!found) {
      this.#goodSinceNs ??= nowNs;
      if (nowNs - this.#goodSinceNs >= GOOD_NS) this.#pauseNs = FIRST_PAUSE_NS;
      return false;
    }
    this.trips[found.reason]++;
    this.#trip = { ...found, untilNs: nowNs + this.#pauseNs };
    this.#pauseNs = Math.min(2 * this.#pauseNs, LONGEST_PAUSE_NS);
    this.#goodSinceNs = undefined;
    this.#lateSinceNs = undefined;
    return true;
  }

  /** A person has switched enforcement on: what was before counts no longer, only what comes. */
  reset({ longWaits, eventsLost }: GuardSample): void {
    this.#longWaits = longWaits;
    this.#eventsLost = eventsLost;
    this.#trip = undefined;
    this.#pauseNs = FIRST_PAUSE_NS;
    this.#goodSinceNs = undefined;
    this.#lateSinceNs = undefined;
    this.#lateForNs = 0;
  }

  #wrong(sample: GuardSample): Pick<GuardTrip, "reason" | "text"> | undefined {
    const { longWaits, waitingNs, eventsLost, memory } = sample;
    // While nothing is enforced, waits are the kernel's own: no reason to stay off.
    if (!this.#trip && (longWaits > this.#longWaits || waitingNs > this.maxWaitNs)) {
      const text = `a function has waited for a CPU for longer than ${this.maxWaitNs / 1e9} s`;
      return { reason: "wait", text };
    }
    if (eventsLost > this.#eventsLost) {
      const lost = eventsLost - this.#eventsLost;
      return { reason: "events_lost", text: `${lost} events from the kernel have been lost` };
    }
    if (this.#lateForNs >= LATE_FOR_NS) {
      const seconds = (this.#lateForNs / 1e9).toFixed(1);
      return { reason: "late", text: `the agent has reacted later than 50 ms for ${seconds} s` };
    }
    if (memory && memory.availableBytes < leastMemoryBytes(memory.totalBytes)) {
      const left = Math.round(memory.availableBytes / 2 ** 20);
      return { reason: "memory", text: `the machine has ${left} MiB of memory left` };
    }
    return undefined;
  }
}
