/**
 * Which runs of a round can be compared with the default's. Pure.
 */
import { driftPercent } from "../drift.ts";
import { DEFAULT } from "../compare.ts";
import { MOST_DRIFT_PERCENT } from "../rounds.ts";
import type { Measured } from "../summary.ts";

/** What is judged of a run. */
export interface Judged {
  readonly name: string;
  readonly measured: readonly Measured[];
  readonly scheduled: Readonly<Record<string, string>>;
  /** What is wrong with it by itself. */
  readonly problems: readonly string[];
}

/**
 * Why runs of a round are not usable, by policy; those that are usable are not in it. Where the default's own run is not,
 * none is. The same invocations must have taken as much CPU time as under the default, to 3 percent, and host, load generator
 * and agent must have been scheduled alike.
 */
export function unusable(runs: readonly Judged[]): Map<string, string[]> {
  const reference = runs.find(({ name }) => name === DEFAULT);
  if (reference === undefined) throw new RangeError("cannot judge a round without the default");
  const spoilt = reference.problems.length > 0
    ? [`the default's run is not usable: ${reference.problems[0]}`]
    : [];
  return new Map(
    runs.map((run): [string, string[]] => [run.name, [
      ...run.problems,
      ...(run === reference ? [] : [...spoilt, ...differences(run, reference)]),
    ]]).filter(([, problems]) => problems.length > 0),
  );
}

function differences(run: Judged, reference: Judged): string[] {
  const percent = driftPercent([run.measured, reference.measured]);
  const others = Object.keys(reference.scheduled).filter((who) =>
    run.scheduled[who] !== reference.scheduled[who]
  );
  return [
    ...(percent > MOST_DRIFT_PERCENT
      ? [
        `${run.name}: the same invocations took ${
          percent.toFixed(1)
        } % more or less CPU time than under the default`,
      ]
      : []),
    ...others.map((who) =>
      `${run.name}: the ${who} ran as ${
        run.scheduled[who] ?? "nothing that was seen"
      }, under the default as ` +
      `${reference.scheduled[who]}`
    ),
  ];
}

/**
 * Which runs are worth repeating: those that are not usable; the default's instead where most of the others differ from it,
 * because then it was the default that met a faster or slower machine.
 */
export function worthRepeating(runs: readonly Judged[]): string[] {
  const bad = unusable(runs);
  const others = runs.filter(({ name }) => name !== DEFAULT);
  const differing = others.filter(({ name }) => bad.has(name)).length;
  if (bad.has(DEFAULT) || (differing > 1 && differing > others.length / 2)) return [DEFAULT];
  return [...bad.keys()];
}
