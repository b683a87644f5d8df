/**
 * The report: one page with everything in it, which needs nothing from anywhere.
 */
import { html, raw } from "hono/html";
import { oneLine } from "../../../observe/names.ts";
import { changes, differences } from "../changes.ts";
import type { BenchDocument } from "../document.ts";
import { formatInterval } from "../../report.ts";
import { intervalNote } from "../statistics.ts";
import { conditionSection } from "./condition.ts";
import { name, type Part, table } from "./parts.ts";
import { simulatedSection } from "./simulated.ts";
import { STYLE } from "./style.ts";

/**
 * The page.
 *
 * @param before an earlier document to compare with
 */
export function reportHtml(document: BenchDocument, before: BenchDocument | undefined): string {
  const { runs, simulated, date } = document;
  const day = date.slice(0, 10);
  const page = html`
    <!DOCTYPE html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>ALPS, ${TITLES[document.study]}, ${day}</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
    <h1>${TITLES[document.study]}</h1>
    <p class="soft">${day}, measured on real processes by <code>${oneLine(document.command, 400)}</code></p>
    ${notes(document)}
    ${machine(document)}
    ${runs.length === 0 ? "" : reading(document)}
    ${runs.map((run) => conditionSection(run))}
    ${before === undefined ? "" : changesSection(before, document)}
    ${simulated.length === 0 ? "" : simulatedSection(simulated, runs.length === 0)}
    <footer>Every invocation of every run is in <code>results.json</code> beside this page.</footer>
      </body>
    </html>
  `;
  return String(page).trimStart();
}

const TITLES: Record<BenchDocument["study"], string> = {
  evaluation: "Evaluation of ALPS",
  ablation: "Ablation: ALPS without its tunings",
  sensitivity: "Sensitivity: ALPS with other settings",
};

function notes({ not_measured, finished, runs, rounds_planned }: BenchDocument): Part {
  if (not_measured === null && (finished || runs.length === 0)) return "";
  return html`<div class="note">
${
    not_measured === null
      ? ""
      : html`<p>Not everything was measured on processes: ${oneLine(not_measured, 1000)}</p>`
  }
${
    !finished && runs.length > 0
      ? html`<p>Of ${rounds_planned} rounds, those that were finished are shown.</p>`
      : ""
  }
</div>`;
}

function machine({ machine, commit, work, host, seconds, runs }: BenchDocument): Part {
  const rounds = Math.max(0, ...runs.map((run) => run.rounds));
  return html`
    <dl>
      <dt>machine</dt>
      <dd>${machine.cpu}, ${machine.cores} cores, ${machine.memory_mb} MB</dd>
      <dt>kernel</dt>
      <dd>${machine.kernel}</dd>
      <dt>host name</dt>
      <dd>${machine.hostname}</dd>
      <dt>commit</dt>
      <dd><code>${commit}</code></dd>
      <dt>functions</dt>
      <dd>${PLACES[host]}${work === 1 ? "" : `, each doing ${work} of its work`}</dd>
      <dt>length</dt>
      <dd>${rounds === 1 ? "1 round" : `${rounds} rounds`} of ${seconds} s for each policy</dd>
    </dl>
  `;
}

const PLACES: Record<BenchDocument["host"], string> = {
  shared: "a process for each invocation, side by side",
  cgroups: "a process for each invocation, each function in a cgroup of its own",
  warm: "processes that stay up and serve one request after another",
};

function reading({ runs }: BenchDocument): Part {
  const rounds = Math.max(0, ...runs.map((run) => run.rounds));
  return html`<h3>How to read it</h3>
<p>In each round every policy gets the same requests, one policy after the other, in another order each round. Turnaround is
from the instant at which a request was due to the end of its process; slowdown is turnaround over CPU time; execution is from
first run to end. The oracle is SRPT with known sizes, simulated on the CPU times that were measured: no policy passes it. Gap
closed is how far a policy went from the default (0) to the oracle (1) in mean turnaround; below 0 it is worse than the
default. ${intervalNote(rounds)} A ratio whose interval includes 1 is no difference.</p>`;
}

function changesSection(before: BenchDocument, after: BenchDocument): Part {
  const other = differences(before, after);
  return html`
    <h2>Since ${before.date.slice(0, 10)}</h2>
    <p
      class="soft">Commit <code>${before
        .commit}</code> then. Mean turnaround over the default's in the same rounds.</p>
    ${other.length === 0
      ? ""
      : html`<div class="note">${
        other.map((each) => html`<p>Not the same: ${oneLine(each, 400)}</p>`)
      }</div>`}
    ${table(
      ["policy", "then", "now", "change"],
      changes(before, after).map(({ condition, policy, before, after, ratio, real }) => ({
        cells: [
          name(`${policy}, ${condition}`),
          before.toFixed(2),
          after.toFixed(2),
          real
            ? html`<span class="${ratio.median < 1 ? "good" : "bad"}">${formatInterval(ratio, 2)}</span>`
            : `no difference (${ratio.low.toFixed(2)} to ${ratio.high.toFixed(2)})`,
        ],
      })),
    )}
  `;
}
