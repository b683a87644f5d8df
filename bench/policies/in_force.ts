/** Whether a policy was in force, by what was seen in `/proc`. */
import { SCHED_FIFO, SCHED_IDLE, SCHED_NORMAL } from "../../ffi/libc.ts";
import type { Policy } from "./policy.ts";
import { SCHED_RR } from "./scheduler.ts";
import type { Seen, Tally } from "./tally.ts";

/** An answer, with what it is drawn from. */
export interface InForce {
  /** `unseen`: too little ran for long enough to tell. */
  readonly verdict: "yes" | "no" | "unseen";
  readonly detail: string;
}

/** Fewer sightings say nothing. */
const LEAST_SEEN = 20;

/** So many of them must be as they should: a process may be looked at in the middle of a change. */
const LEAST_SHARE = 0.95;

/** Under ALPS, when more want a CPU than there are: in so many looks at least one must be in the idle class. */
const LEAST_IDLE_SHARE = 0.5;

/**
 * Judges.
 *
 * @param groupDemotions of the agent: where functions are in groups of their own, it orders by the groups' weights
 */
export function inForce(policy: Policy, tally: Tally, cores: number, groupDemotions = 0): InForce {
  const total = tally.seen.reduce((sum, { count }) => sum + count, 0);
  if (total < LEAST_SEEN) return { verdict: "unseen", detail: `${total} sightings in ${tally.looks} looks` };
  const share = (as: (seen: Seen) => boolean) =>
    tally.seen.reduce((sum, seen) => as(seen) ? sum + seen.count : sum, 0) / total;
  const isFair = ({ policy, nice }: Seen) => policy === SCHED_NORMAL && nice === 0;
  const percent = (value: number) => `${(100 * value).toFixed(0)} %`;
  const answer = (good: boolean, detail: string): InForce => ({
    verdict: good ? "yes" : "no",
    detail: `${detail}, of ${total} sightings`,
  });
  const { scheduler, agent } = policy;
  if (agent.backend !== "none") {
    const { contended, contendedWithIdle } = tally;
    if (contended === 0) return { verdict: "unseen", detail: "never more at once than cores" };
    const known = share((seen) => isFair(seen) || seen.policy === SCHED_IDLE);
    const detail =
      `SCHED_IDLE seen in ${contendedWithIdle} of ${contended} looks at more than ${cores} at once` +
      (groupDemotions > 0 ? `, ${groupDemotions} groups demoted` : "");
    return answer(
      (contendedWithIdle / contended >= LEAST_IDLE_SHARE || groupDemotions > 0) && known >= LEAST_SHARE,
      detail,
    );
  }
  switch (scheduler?.kind) {
    case undefined: {
      const fair = share(isFair);
      return answer(fair >= LEAST_SHARE, `${percent(fair)} with the default class and nice value`);
    }
    case "nice": {
      const right = share((seen) =>
        seen.policy === SCHED_NORMAL && seen.nice === scheduler.niceOf.get(seen.function)
      );
      return answer(right >= LEAST_SHARE, `${percent(right)} with their function's nice value`);
    }
    case "rr": {
      const right = share((seen) => seen.policy === SCHED_RR);
      return answer(right >= LEAST_SHARE, `${percent(right)} in SCHED_RR`);
    }
    case "sfs":
    case "hybrid": {
      const fifo = share((seen) => seen.policy === SCHED_FIFO);
      const known = fifo + share(isFair);
      const most = scheduler.kind === "sfs" ? cores : Infinity;
      return answer(
        fifo > 0 && tally.mostFifo <= most && known >= LEAST_SHARE,
        `${percent(fifo)} in SCHED_FIFO (${tally.mostFifo} at once at most)`,
      );
    }
  }
}
