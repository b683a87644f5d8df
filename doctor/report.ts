/** The doctor's words: for people, and as the document that docs/doctor.md describes. */

import type { Examination } from "./examination.ts";
import { type Found, functionRows, schedulerRows } from "./running_agent.ts";

/** What is said about the machine itself. */
export interface About {
  readonly version: string;
  readonly kernel: string;
  readonly arch: string;
  readonly cpus: number;
}

/** Changes where a reader of the document would have to change. */
export const FORMAT = 1;

/** The document of `--json`, described in docs/doctor.md. */
export function document(
  { checks, backends, auto, advice }: Examination,
  about: About,
  found?: Found,
) {
  return {
    format: FORMAT,
    ...about,
    can_enforce: auto !== undefined,
    auto: auto?.name ?? null,
    why: auto?.reason ?? "no backend can be used",
    backends,
    checks: checks.map(({ id, status, found, remedy }) => ({ id, status, found, remedy: remedy ?? null })),
    advice,
    functions: found?.functions ?? null,
    unknown: found?.unknown ?? null,
    platforms: found?.platforms ?? null,
    scheduler: found?.scheduler ?? null,
  };
}

/** The report for people: aligned, to be read without colours. */
export function report(
  { checks, backends, auto, advice }: Examination,
  about: About,
  found?: Found,
): string {
  const rows = checks.map(({ id, status, found }) => [status, id.replaceAll("_", " "), found]);
  const plural = about.cpus === 1 ? "CPU" : "CPUs";
  const lines = [
    `alps-agent ${about.version} on Linux ${about.kernel} (${about.arch}, ${about.cpus} ${plural})`,
    "",
    ...aligned(rows),
    "",
    "Backends, in the order in which --backend auto tries them:",
    ...aligned(backends.map(({ name, usable, reason }) => [`  ${name}`, usable ? "yes" : "no", reason])),
    "",
    auto === undefined
      ? "This machine cannot enforce an order: no backend can be used."
      : `--backend auto takes ${auto.name}, the first that can be used.`,
  ];
  if (advice.length > 0) lines.push("", "What to change for more:", ...advice.map((line) => `  ${line}`));
  const foundRows = found ? functionRows(found) : [];
  if (foundRows.length > 0) lines.push("", "What the agent that runs has found:", ...aligned(foundRows));
  const figures = found ? schedulerRows(found) : [];
  if (figures.length > 0) {
    lines.push("", "What its scheduler in the kernel has counted:", ...aligned(figures));
  }
  return lines.join("\n") + "\n";
}

/** Columns, all but the last one as wide as their widest cell. */
function aligned(rows: readonly string[][]): string[] {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]!.length));
  return rows.map((row) =>
    row.map((cell, column) => column === row.length - 1 ? cell : cell.padEnd(width(column) + 2)).join("")
  );
}
