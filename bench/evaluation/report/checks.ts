/** The part of the page that says why the figures can be believed, or not. */
import { html } from "hono/html";
import { median } from "simple-statistics";
import { oneLine } from "../../../observe/names.ts";
import type { BenchRun, RunEntry } from "../document.ts";
import { name, type Part, table } from "./parts.ts";

/** A row per policy, and what was not usable. */
export function checksPart(run: BenchRun): Part {
  const policies = run.policy_list.filter(({ figures }) => figures !== null).map(({ name }) => name);
  const problems = run.by_round.flatMap(({ seed, runs }) =>
    runs.flatMap(({ unusable }) => unusable.map((why) => `Seed ${seed}: ${why}.`))
  );
  return html`
    <h3>Checks</h3>
    <p
      class="soft">In force: how the functions' processes were scheduled, as seen in /proc five times a second. CPU demand: what the
    same invocations used, over what they used under the default; within 3 % a round is usable. Late: how long after they were due
    requests left, at the 99th percentile.</p>
    ${table(
      [
        "policy",
        "in force",
        "usable rounds",
        "CPU demand / default's",
        "late, ms",
        "other programs, %",
        "steal, %",
        "host, native parent, load generator, agent",
      ],
      policies.map((policy) => checksRow(run, policy)),
      [1, 7],
    )}
    ${problems.length === 0
      ? ""
      : html`<details open><summary>${problems.length} reasons why runs are not usable</summary>${
        [...new Set(problems)].map((problem) => html`<p class="soft">${oneLine(problem, 1000)}</p>`)
      }</details>`}
  `;
}

function checksRow(run: BenchRun, policy: string) {
  const pairs = run.by_round.flatMap(({ runs }): [RunEntry, RunEntry][] => {
    const own = runs.find((each) => each.policy === policy),
      reference = runs.find((each) => each.policy === "default");
    return own && reference ? [[own, reference]] : [];
  });
  const runs = pairs.map(([own]) => own);
  const worst = (of: (entry: RunEntry) => number) => Math.max(...runs.map(of)).toFixed(1);
  const verdicts = runs.map(({ in_force }) => in_force.verdict);
  const bad = runs.find(({ in_force }) => in_force.verdict !== "yes") ?? runs[0]!;
  const demand = median(pairs.map(([own, reference]) => own.functions_cpu_s / reference.functions_cpu_s));
  const scheduled = [
    ...new Set(
      runs.map(({ scheduled }) =>
        ["host", "native parent", "load generator", "agent"].map((who) => scheduled[who] ?? "not seen").join(
          "; ",
        )
      ),
    ),
  ];
  const all = verdicts.every((verdict) => verdict === "yes");
  return {
    cells: [
      name(policy),
      html`<span class="${all ? "good" : "bad"}">${all ? "yes" : bad.in_force.verdict}</span><br><small>${
        oneLine(bad.in_force.detail, 300)
      }</small>`,
      `${runs.filter(({ unusable }) => unusable.length === 0).length} of ${runs.length}`,
      demand.toFixed(3),
      worst(({ lateness_p99_ms: late }) => late),
      worst(({ elsewhere_percent: percent }) => percent),
      worst(({ steal_percent: percent }) => percent),
      html`<small>${scheduled.join(" / ")}</small>`,
    ],
  };
}
