/** The agent's own record of invocations (its `--exp_result`): a JSON object per line. */
import { MILLISECONDS, SECONDS } from "./bounds.ts";
import type { TraceEntry } from "./entry.ts";
import { quoted, TraceError } from "./error.ts";
import { parseRfc3339Ms } from "./rfc3339.ts";
import { linesOf, type Source } from "./source.ts";
import { EntryStore } from "./store.ts";

/** Reads a record. Its last line may be half written, as the agent may still be at it. */
export async function* readExpResult(source: Source): AsyncGenerator<TraceEntry> {
  const store = new EntryStore();
  for await (const { number, text, complete } of linesOf(source)) {
    if (!complete) break;
    const { name, startMs, cpuUs } = parseLine(number, text);
    store.add(name, startMs, cpuUs / 1000);
  }
  yield* store.inOrder();
}

function parseLine(line: number, text: string): { name: string; startMs: number; cpuUs: number } {
  const wrong = (member: string, value: unknown, wanted: string) =>
    new TraceError(line, `member "${member}" is ${described(value)}, wanted ${wanted}`);
  const members = membersOf(line, text);
  const { function: name, start, cpu_us: cpuUs } = members;
  if (typeof name !== "string" || name === "") throw wrong("function", name, "a name");
  const startMs = typeof start === "string" ? parseRfc3339Ms(start) : NaN;
  // NaN too: it is not a time.
  if (!(startMs >= 0 && startMs <= SECONDS.most * 1000)) {
    throw wrong("start", start, "a time as 2026-01-31T12:00:00.000000Z, from 1970 to 2096");
  }
  if (typeof cpuUs !== "number" || !(cpuUs >= 0 && cpuUs <= MILLISECONDS.most * 1000)) {
    throw wrong("cpu_us", cpuUs, `microseconds from 0 to ${MILLISECONDS.most * 1000}`);
  }
  return { name, startMs, cpuUs };
}

function membersOf(line: number, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TraceError(line, `it is ${quoted(text)}, wanted a JSON object as --exp_result writes it`);
  }
  return value as Record<string, unknown>;
}

function described(value: unknown): string {
  if (value === undefined) return "missing";
  // Not as JSON: writing what is nested deeply enough overflows the stack.
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return quoted(String(value));
}
