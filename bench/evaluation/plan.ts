/**
 * What is going to be measured, and how long it takes. Pure.
 */
import { shown } from "../../observe/names.ts";
import { alps } from "../policies/alps.ts";
import { POLICIES } from "../policies/mod.ts";
import type { Policy, PolicyMaker } from "../policies/policy.ts";
import { labelled, roughDuration, wrap } from "../text.ts";
import type { BenchOptions } from "./options.ts";

/** The predictor that the short evaluations measure: the agent's default. */
const USUAL_ML = "avg";

/** A policy before what it may know is known. */
export interface PlannedPolicy {
  readonly name: string;
  readonly make: PolicyMaker;
}

/** The same functions at one load. */
export interface Condition {
  /** The mix's name; `trace` and `programs` for a user's own. */
  readonly source: BenchOptions["mix"][number] | "trace" | "programs";
  /** Undefined: as the trace has it. */
  readonly load: number | undefined;
}

/** A plan. */
export interface Plan {
  readonly study: BenchOptions["study"];
  readonly conditions: readonly Condition[];
  /** The default first. */
  readonly policies: readonly PlannedPolicy[];
  readonly rounds: number;
  readonly seconds: number;
  readonly work: number;
  readonly cores: number;
  readonly seed: number;
  readonly host: BenchOptions["host"];
}

/** The plan of some options. */
export function planOf(options: BenchOptions, cores: number): Plan {
  const { full, quick, study, trace, command, seed, host } = options;
  const own = trace !== undefined ? "trace" as const : command.length > 0 ? "programs" as const : undefined;
  const sources = own
    ? [own]
    : options.mix.length > 0
    ? unique(options.mix)
    : full
    ? ["azure", "huawei"] as const
    : ["azure"] as const;
  const loads = options.load.length > 0
    ? unique(options.load)
    : own === "trace"
    ? [undefined]
    : full
    ? [0.7, 0.9, 1.1]
    : quick || study === "sensitivity"
    ? [0.9]
    : [0.9, 1.1];
  return {
    study,
    conditions: sources.flatMap((source) => loads.map((load) => ({ source, load }))),
    policies: policiesOf(options),
    rounds: options.rounds ?? (study === "sensitivity" ? 3 : 5),
    seconds: options.seconds ?? (full ? 60 : quick ? 13 : 16),
    work: options.work ?? usualWork(full, sources),
    cores,
    seed,
    host,
  };
}

/**
 * Azure's functions are long: a quarter of their work makes enough invocations in a short time. Of the other mixes that would
 * leave invocations of a millisecond, which cost host and client more than they take.
 */
function usualWork(full: boolean, sources: readonly Condition["source"][]): number {
  return full || !sources.some((source) => source === "azure" || source === "trace") ? 1 : 0.25;
}

function policiesOf({ study, full, quick, policy, ml }: BenchOptions): PlannedPolicy[] {
  const fixed = (policy: Policy): PlannedPolicy => ({ name: policy.name, make: () => policy });
  const named = (name: string): PlannedPolicy => ({ name, make: POLICIES.get(name)! });
  const reference = named("default");
  const [first = USUAL_ML] = ml;
  if (study === "ablation") {
    const mls = ml.length > 0 ? unique(ml) : [USUAL_ML];
    return [
      reference,
      ...mls.flatMap((each) =>
        [
          alps(each),
          alps(each, ["--overload"], " without overload"),
          alps(each, ["--unpred"], " without unpredictability"),
          alps(each, ["--unpred", "--overload"], " without both"),
        ].map(fixed)
      ),
    ];
  }
  if (study === "sensitivity") {
    const vary = (option: string, values: readonly number[]) =>
      values.map((value) => alps(first, [`--${option}`, String(value)], ` ${option}=${value}`));
    return [
      reference,
      fixed(alps(first)),
      ...[
        ...vary("alpha", [0.5, 2]),
        ...vary("beta", [0, 2]),
        ...vary("theta", [25, 75]),
        ...vary("gamma", [2, 4]),
        ...vary("epoch", [2, 30]),
      ].map(fixed),
      ...[...POLICIES.keys()].filter((name) => name.startsWith("alps:") && name !== `alps:${first}`).map(
        named,
      ),
    ];
  }
  const predictors = ml.map((each) => `alps:${each}`);
  const usual = `alps:${USUAL_ML}`;
  const names = policy.length + ml.length > 0
    ? [...policy, ...predictors]
    : full
    ? [...POLICIES.keys()]
    : quick
    ? [usual]
    : ["nice", "sfs", usual];
  return [reference, ...unique(names).filter((name) => name !== "default").map(named)];
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

/** What calibration takes at most, about, for each source, and its trials; what starting, draining and stopping add to each run. */
const CALIBRATION_S = 12, TRIALS_S = 10, AROUND_RUN_S = 4;

/** How long it takes, about, in seconds. Rounds that have to be repeated are not in it. */
export function expectedSeconds({ conditions, policies, rounds, seconds }: Plan): number {
  const sources = new Set(conditions.map(({ source }) => source)).size;
  const perRound = conditions.reduce(
    (sum, { load = 1 }) => sum + seconds * Math.max(1, load) + AROUND_RUN_S,
    0,
  );
  return sources * (CALIBRATION_S + TRIALS_S) + rounds * policies.length * perRound;
}

/** As people name a condition. */
export function conditionName({ source, load }: Condition): string {
  return load === undefined ? source : `${source}, load ${load}`;
}

/** What is going to happen, and how long it takes. */
export function planText(plan: Plan, columns: number): string {
  const { conditions, policies, rounds, seconds, work, cores, seed, host } = plan;
  const runs = rounds * conditions.length * policies.length;
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  const text = `${many(rounds, "round")} of ${seconds} s on ${many(cores, "core")}, each of ` +
    `${many(conditions.length, "trace")} under each of ${
      many(policies.length, "policy").replace(/ys$/, "ies")
    }: ` +
    `${many(runs, "run")}, about ${roughDuration(expectedSeconds(plan))} in all.`;
  const seeds = rounds === 1 ? `seed ${seed}` : `seeds ${seed} to ${seed + rounds - 1}`;
  return [
    ...wrap(text, columns),
    "",
    ...labelled([
      ["traces", conditions.map((each) => shown(conditionName(each))).join("; ")],
      ["functions", `${PLACE_TEXT[host]}, ${seeds}${work === 1 ? "" : `, each doing ${work} of its work`}`],
      ...policies.map(({ name, make }): [string, string] => [name, make({ cores, sizes: new Map() }).what]),
    ], columns),
  ].join("\n");
}

const PLACE_TEXT: Record<Plan["host"], string> = {
  shared: "processes side by side, one for each invocation",
  cgroups: "each function's processes in a cgroup of its own",
  warm: "processes that serve one request after another",
};
