/**
 * `alps-agent trace convert`: turns a trace of any format into one that `alps-agent replay` takes.
 */
import type { TraceConvertOptions } from "../cli/commands.ts";
import { ExitStatus, FailedError } from "../cli/errors.ts";
import { osReason } from "../ffi/errors.ts";
import { shown } from "../observe/names.ts";
import { TraceWriter } from "./alps.ts";
import { readOptions } from "./read.ts";
import { readReplayable } from "./replay_file.ts";

/** Written in pieces of about as many characters. */
const PIECE = 1 << 16;

/** What is in a trace. */
interface Contents {
  invocations: number;
  functions: number;
  lastDueMs: number;
  /** NaN where the trace does not say. */
  cpuMs: number;
}

/**
 * Runs the command. What it writes appears under its name when it is whole.
 *
 * @returns 0
 * @throws TraceError where the trace is broken; FailedError where a file cannot be read or written, or nothing is in it
 */
export async function runTraceConvert(options: TraceConvertOptions): Promise<number> {
  let leftOut = 0;
  const contents = await written(
    options.to,
    (write) => converted(options, write, (count) => leftOut = count),
  );
  for (const line of summary(contents, leftOut)) console.error(line);
  return ExitStatus.done;
}

async function converted(
  options: TraceConvertOptions,
  write: (text: string) => Promise<void>,
  onLeftOut: (invocations: number) => void,
): Promise<Contents> {
  const { from } = options;
  const writer = new TraceWriter();
  const functions = new Set<string>();
  const contents: Contents = { invocations: 0, functions: 0, lastDueMs: 0, cpuMs: 0 };
  const rows = readReplayable(from, {
    ...readOptions(options),
    onLeftOut,
  }, ({ function: name, cpuMs = NaN }) => {
    functions.add(name);
    contents.cpuMs += cpuMs;
  });
  let piece = "";
  for await (const row of rows) {
    contents.invocations++;
    contents.lastDueMs = row.dueMs;
    piece += writer.line(row);
    if (piece.length < PIECE) continue;
    await write(piece);
    piece = "";
  }
  await write(piece);
  if (contents.invocations === 0) {
    throw new FailedError(`cannot convert "${shown(from)}": it has no invocations to write`);
  }
  return { ...contents, functions: functions.size };
}

/** What was written, in a line or two. */
export function summary({ invocations, functions, lastDueMs, cpuMs }: Contents, leftOut: number): string[] {
  const cpu = Number.isNaN(cpuMs) ? "" : `: ${(cpuMs / 1000).toFixed(1)} s of CPU time` +
    (lastDueMs > 0 ? `, load ${(cpuMs / lastDueMs).toFixed(3)} on one core` : "");
  return [
    `${invocations} invocations of ${functions} functions over ${(lastDueMs / 1000).toFixed(1)} s${cpu}`,
    ...(leftOut > 0
      ? [`${leftOut} invocations are left out: the table of durations does not have their functions`]
      : []),
  ];
}

/** Calls `action` with what writes to a file; the file takes its name at the end, and goes where something is wrong. */
async function written<T>(
  path: string,
  action: (write: (text: string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const unfinished = `${path}.${Deno.pid}.part`;
  const attempt = async <R>(step: () => Promise<R>): Promise<R> => {
    try {
      return await step();
    } catch (error) {
      throw new FailedError(`cannot write the trace to "${shown(path)}": ${shown(osReason(error))}`, {
        cause: error,
      });
    }
  };
  // A pipe or a device cannot be put in another's place.
  const inPlace = await Deno.stat(path).then(({ isFile }) => !isFile, () => false);
  const name = inPlace ? path : unfinished;
  try {
    let result: T;
    {
      using file = await attempt(() => Deno.open(name, { write: true, create: true, truncate: !inPlace }));
      result = await action((text) => attempt(() => writeAll(file, text)));
    }
    if (!inPlace) await attempt(() => Deno.rename(unfinished, path));
    return result;
  } catch (error) {
    if (!inPlace) await Deno.remove(unfinished).catch(() => {});
    throw error;
  }
}

async function writeAll(file: Deno.FsFile, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
