/** `alps-agent whatif`: asks a running agent, and prints its answer as a table. */

import Table from "cli-table3";
import type { WhatIfEntry, WhatIfSnapshot } from "../api/agent_view.ts";
import type { WhatIfOptions } from "../cli/commands.ts";
import { ExitStatus, FailedError } from "../cli/errors.ts";
import { osReason } from "../ffi/errors.ts";
import { escapedLines, shown } from "../observe/names.ts";

/** Functions that the table shows; `--json` has more. */
const MOST_ROWS = 30;

/**
 * Runs the command.
 *
 * @returns 0
 * @throws FailedError where no agent answers, or with what it answers
 */
export async function runWhatIf(options: WhatIfOptions, out: (text: string) => void): Promise<number> {
  const snapshot = await ask(options);
  out(escapedLines(options.json ? JSON.stringify(snapshot, null, 2) : describe(snapshot)) + "\n");
  return ExitStatus.done;
}

async function ask({ minutes, socket, url }: WhatIfOptions): Promise<WhatIfSnapshot> {
  const place = url === undefined ? `the socket ${shown(socket)}` : String(url);
  using client = url === undefined
    ? Deno.createHttpClient({ proxy: { transport: "unix", path: socket } })
    : undefined;
  const target = new URL(`whatif?minutes=${minutes}`, url ?? "http://localhost");
  let answer: Response, text: string;
  try {
    answer = await fetch(target, client && { client });
    text = await answer.text();
  } catch (error) {
    throw new FailedError(`cannot ask the agent at ${place}: ${shown(reasonOf(error))}; is one running?`, {
      cause: error,
    });
  }
  const body = parsed(text) as WhatIfSnapshot & { detail?: unknown } | undefined;
  if (answer.ok && typeof body?.all === "object") return body;
  const detail = typeof body?.detail === "string" ? body.detail : `status ${answer.status}`;
  throw new FailedError(`the agent at ${place} does not answer the question: ${shown(detail)}`);
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The innermost reason: what is around it says that a request to this address failed, which is known. */
function reasonOf(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  return osReason(inner).split(": ").at(-1)!;
}

/** The answer for people. */
export function describe(snapshot: WhatIfSnapshot): string {
  const { all, functions, load, cores, since, until, ml, epoch, gap_closed } = snapshot;
  if (all.invocations === 0) return `No invocation has ended in the last ${snapshot.minutes} minutes.`;
  const table = new Table({
    head: ["function", "n", "CPU ms", "measured", "p99", "fair", "p99", `alps:${ml}`, "p99", "oracle", "p99"],
    colAligns: ["left", ...Array.from({ length: 10 }, () => "right" as const)],
    style: { head: [], border: [], compact: true },
  });
  for (const { name, ...entry } of functions.slice(0, MOST_ROWS)) table.push(row(shown(name), entry));
  table.push(row("all", all));
  const share = (value: number | null) => value === null ? "-" : value.toFixed(2);
  return [
    `${all.invocations} invocations from ${since} to ${until}, load ${load.toFixed(2)} on ${cores} cores.`,
    "Mean turnaround and its 99th percentile in ms: as measured, and simulated without costs under the fair ideal",
    `of the kernel's default, under the policy in force${
      epoch === 0 ? " (there is none yet)" : ""
    }, and under SRPT, which knows all sizes.`,
    "",
    table.toString(),
    ...(functions.length > MOST_ROWS ? [`${functions.length - MOST_ROWS} more functions: --json`] : []),
    "",
    `gap closed, from the fair ideal (0) to SRPT (1): measured ${share(gap_closed.measured)}, ` +
    `alps:${ml} ${share(gap_closed.policy)}`,
  ].join("\n");
}

function row(name: string, { invocations, cpu_ms, measured, fair, policy, oracle }: WhatIfEntry): string[] {
  const times = [measured, fair, policy, oracle].flatMap(({ mean_ms, p99_ms }) => [mean_ms, p99_ms]);
  return [name, String(invocations), ...[cpu_ms, ...times].map((ms) => ms.toFixed(ms < 10 ? 1 : 0))];
}
