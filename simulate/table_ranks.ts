/** Ranks by tables that stay as they are. */
import type { RankTable } from "../learn/policy.ts";
import { attainedWhereRankExceeds, rankAt } from "../learn/table.ts";
import type { Ranks } from "./ranked.ts";

/**
 * Ranks each job by its table.
 *
 * @param ageNs what is added to a job's rank, however much it has used; nothing where it is left out
 */
export function ranksByTables(
  tableOf: (job: number) => RankTable,
  ageNs: (job: number) => number = () => 0,
): Ranks {
  return {
    rank: (job, attainedNs) => {
      const { table, tailSlope } = tableOf(job);
      return rankAt(table, tailSlope, attainedNs) + ageNs(job);
    },
    attainedWhereExceeds: (job, attainedNs, rank) =>
      attainedWhereRankExceeds(tableOf(job), attainedNs, rank - ageNs(job)),
  };
}
