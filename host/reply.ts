/**
 * The lines that the native parent answers with (host/native/protocol.h), read and, for requests, written.
 */

/** A job that the native parent knows, and the range of its n. */
export interface JobInfo {
  readonly name: string;
  readonly nLeast: number;
  readonly nMost: number;
  /** How many times over it is computed: what stands for an interpreter's slowness. */
  readonly workFactor: number;
}

/** How an invocation ended. */
export interface InvocationReply {
  readonly pid: number;
  /** Exit status; null where a signal ended it. */
  readonly status: number | null;
  /** The signal's number; null where it exited. */
  readonly signal: number | null;
  /**
   * User and system time of its process and of the children that it waited for, in microseconds; of a warm instance's
   * request, from its beginning to its end.
   */
  readonly cpuUs: number;
  /** What the job computed; empty for a program. */
  readonly result: string;
}

/** One answer: to which request, and the invocation's end or the reason why there was none. */
export type Answer =
  | { readonly id: number; readonly reply: InvocationReply }
  | { readonly id: number; readonly refusal: string; readonly pid: number };

/** The native parent said something that is no answer. */
export class ProtocolError extends Error {
  override name = "ProtocolError";
}

/** Reads the first line: `jobs NAME:LEAST:MOST:FACTOR…`. */
export function parseJobs(line: string): JobInfo[] {
  const [word, ...fields] = line.split(" ");
  if (word !== "jobs") throw new ProtocolError(`expected the list of jobs, got ${JSON.stringify(line)}`);
  return fields.map((field) => {
    const [name = "", nLeast, nMost, workFactor] = field.split(":");
    return { name, nLeast: Number(nLeast), nMost: Number(nMost), workFactor: Number(workFactor) };
  });
}

/** Reads an answer: `ID PID exited|signalled|refused NUMBER CPU [TEXT]`. */
export function parseAnswer(line: string): Answer {
  const [idText, pidText, kind, numberText, cpuText, text = ""] = line.split(" ");
  const [id, pid, number, cpuUs] = [Number(idText), Number(pidText), Number(numberText), Number(cpuText)];
  const result = decodeURIComponent(text);
  switch (kind) {
    case "exited":
      return { id, reply: { pid, status: number, signal: null, cpuUs, result } };
    case "signalled":
      return { id, reply: { pid, status: null, signal: number, cpuUs, result } };
    case "refused":
      return { id, refusal: result, pid };
    case "malformed":
      throw new ProtocolError(`it could not read a request: ${result}`);
    default:
      throw new ProtocolError(`it answered ${JSON.stringify(line.slice(0, 200))}`);
  }
}

/**
 * A request's line. Lone surrogates, which UTF-8 cannot hold, become U+FFFD.
 * @param joinFile of the cgroup that the process is to be in
 * @param functionName of a program, which does not say it itself
 */
export function formatRequest(
  kind: "run" | "exec",
  id: number,
  fields: readonly string[],
  joinFile?: string,
  functionName?: string,
): string {
  const encode = (field: string) => encodeURIComponent(field.toWellFormed());
  const place = joinFile === undefined ? "" : `in ${encode(joinFile)} `;
  const name = functionName === undefined ? "" : `as ${encode(functionName)} `;
  return `${place}${name}${kind} ${id} ${fields.map(encode).join(" ")}\n`;
}
