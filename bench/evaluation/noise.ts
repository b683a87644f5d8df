/**
 * Whether the machine was quiet. Pure.
 */
import type { BenchRun } from "./document.ts";

/** Of the machine's time: more that a hypervisor takes, or that other programs use, disturbs the figures. */
const NOISY_STEAL_PERCENT = 1, NOISY_ELSEWHERE_PERCENT = 15;

/** The same functions in different rounds: by how much the CPU time of an invocation differed under the default, in percent. */
const NOISY_SPEED_PERCENT = 5;

/** Sentences; none where the machine was quiet. */
export function noises(run: BenchRun): string[] {
  const runs = run.by_round.flatMap((round) => round.runs);
  const most = (of: (each: typeof runs[number]) => number) => Math.max(0, ...runs.map(of));
  const steal = most(({ steal_percent: percent }) => percent);
  const elsewhere = most(({ elsewhere_percent: percent }) => percent);
  const demand = run.by_round.flatMap(({ runs }) => {
    const found = runs.find(({ policy }) => policy === "default");
    return found === undefined ? [] : [found.functions_cpu_s / Math.max(1, found.invocations.cpu_ms.length)];
  });
  const speed = demand.length < 2 ? 0 : 100 * (Math.max(...demand) / Math.min(...demand) - 1);
  return [
    ...(steal > NOISY_STEAL_PERCENT
      ? [`a hypervisor gave up to ${steal.toFixed(1)} % of the machine to others`]
      : []),
    ...(elsewhere > NOISY_ELSEWHERE_PERCENT
      ? [`other programs, host and client took up to ${elsewhere.toFixed(0)} % of the machine`]
      : []),
    ...(speed > NOISY_SPEED_PERCENT
      ? [
        `invocations took up to ${
          speed.toFixed(1)
        } % more CPU time in one round than in another under the default`,
      ]
      : []),
  ];
}
