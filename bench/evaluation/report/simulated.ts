/** The part of the page on what was simulated. */
import { html } from "hono/html";
import { formatMs } from "../../report.ts";
import type { SimulatedRun } from "../simulation.ts";
import { name, type Part, table } from "./parts.ts";

/** @param alone nothing was measured on processes */
export function simulatedSection(runs: readonly SimulatedRun[], alone: boolean): Part {
  return html`<h2>Simulated</h2>
<p>The first round's trace${
    alone ? "" : ", with CPU times of a reference machine instead of this one's"
  }, without any cost of
switching or of watching. <code>ps</code>, ideal sharing, stands for the default, <code>srpt</code> for the oracle.</p>
${
    runs.map((run) =>
      html`<h3>${name(run.name)}</h3>${
        table(
          ["policy", "gap closed", "mean, ms", "p50, ms", "p90, ms", "p99, ms", "mean slowdown"],
          Object.entries(run.policies).map(([policy, figures]) => ({
            marked: policy.startsWith("alps:"),
            cells: [
              name(policy),
              figures.gap_closed === null ? "" : figures.gap_closed.toFixed(2),
              ...[figures.mean_ms, figures.p50_ms, figures.p90_ms, figures.p99_ms, figures.mean_slowdown].map(
                formatMs,
              ),
            ],
          })),
        )
      }`
    )
  }`;
}
