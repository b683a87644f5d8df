/**
 * `deno task bench`: plan, measure, report.
 */
import { join } from "node:path";
import { ExitStatus, FailedError, NotPossibleError } from "../../cli/errors.ts";
import { escapedLines } from "../../observe/names.ts";
import { Interrupted, runInterruptibly } from "../interrupt.ts";
import { terminalColumns } from "../text.ts";
import { readDocument } from "./changes.ts";
import { changesText } from "./changes_text.ts";
import { type BenchDocument, describe } from "./document.ts";
import { evaluate, type Evaluation } from "./evaluate.ts";
import { reportHtml } from "./report/html.ts";
import { resultsMarkdown } from "./report/markdown.ts";
import { type BenchOptions, parseBenchOptions } from "./options.ts";
import { type Plan, planOf, planText } from "./plan.ts";
import { simulateConditions } from "./simulation.ts";
import { documentText } from "./table.ts";

/** Where `--full` writes what the documentation shows. */
const RESULTS_PAGE = join(import.meta.dirname!, "../../docs/results.md");

/** Runs the command and returns its exit status: 3 where only the simulated part could be had, 128 + n after signal n. */
export function runBench(args: readonly string[]): Promise<number> {
  return runInterruptibly("bench", async (signal) => {
    const options = parseBenchOptions(args);
    if (options === undefined) return ExitStatus.done;
    return await planAndMeasure(options, args, signal);
  });
}

async function planAndMeasure(
  options: BenchOptions,
  args: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const say = options.json ? console.error : console.log;
  const columns = Math.min(110, terminalColumns(options.json ? Deno.stderr : Deno.stdout));
  const before = options.compare === undefined ? undefined : await readDocument(options.compare);
  const plan = planOf(options, navigator.hardwareConcurrency);
  say(planText(plan, columns) + "\n");
  const simulated = simulateConditions(plan);
  const measured = await tryToMeasure(plan, options, signal);
  const command = ["deno task bench", ...args].join(" ");
  const document = await describe(plan, measured.evaluation, simulated, measured.why, command);
  const nothing = document.runs.length === 0;
  if (nothing && document.simulated.length === 0) {
    throw measured.error ?? new FailedError("nothing was measured");
  }
  const folder = await writeReport(document, options, before);
  say("\n" + documentText(document, columns) + "\n");
  if (before !== undefined) say(changesText(before, document, columns) + "\n");
  say(`Report: ${join(folder, "report.html")}`);
  if (options.full && document.finished) {
    await Deno.writeTextFile(RESULTS_PAGE, resultsMarkdown(document));
    say(`Written: ${RESULTS_PAGE}`);
  }
  if (options.json) console.log(escapedLines(JSON.stringify(document)));
  if (measured.error !== undefined) throw measured.error;
  return ExitStatus.done;
}

interface Outcome {
  evaluation: Evaluation | undefined;
  /** Why nothing, or not all, was measured. */
  error: unknown;
  why: string | undefined;
}

/** Measures as far as it goes: a signal or an error does not take away the rounds that were finished. */
async function tryToMeasure(plan: Plan, options: BenchOptions, signal: AbortSignal): Promise<Outcome> {
  const outcome: Outcome = { evaluation: undefined, error: undefined, why: undefined };
  if (Deno.uid() !== 0) {
    outcome.error = new NotPossibleError(
      "not running as root, so that only the simulated part ran",
      "the agent loads eBPF programs and policies set scheduling attributes; start the same command with sudo",
    );
    outcome.why =
      "not running as root: loading eBPF programs and setting scheduling attributes needs it (sudo)";
    return outcome;
  }
  const folder = await Deno.makeTempDir({ prefix: "alps-bench-" });
  try {
    await evaluate(plan, options, folder, signal, (evaluation) => outcome.evaluation = evaluation);
  } catch (error) {
    outcome.error = signal.reason instanceof Interrupted ? signal.reason : error;
    outcome.why = error instanceof Error && !signal.aborted ? error.message : "interrupted";
    const rounds = outcome.evaluation?.conditions.reduce((sum, { rounds }) => sum + rounds.length, 0) ?? 0;
    // Without a finished round there is nothing to tell but why.
    if (rounds === 0) {
      if (signal.aborted) {
        console.error("Interrupted before a round was finished: there is nothing to report.");
      }
      throw outcome.error;
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return outcome;
}

/** Writes report and document into a new folder, named by date and time. Returns its path. */
async function writeReport(
  document: BenchDocument,
  { out }: BenchOptions,
  before: BenchDocument | undefined,
): Promise<string> {
  const folder = join(out, document.date.slice(0, 19).replaceAll(":", "-"));
  try {
    await Deno.mkdir(folder, { recursive: true });
    await Deno.writeTextFile(join(folder, "results.json"), JSON.stringify(document) + "\n");
    await Deno.writeTextFile(join(folder, "report.html"), reportHtml(document, before));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FailedError(`cannot write the report to ${JSON.stringify(folder)}: ${why}`, { cause: error });
  }
  return folder;
}
