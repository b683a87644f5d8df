/**
 * Requests and the kernel's record of what they started: from both, what is measured.
 */
import type { InvocationEntry } from "../api/agent_view.ts";
import { parseRfc3339Ms } from "./clock.ts";
import type { Replay, SentRequest } from "./replay.ts";
import type { Measured } from "./summary.ts";

/** What the join needs of one line of the agent's `--exp_result`. */
export type RecordEntry = Pick<
  InvocationEntry,
  "function" | "pid" | "start" | "end" | "cpu_us" | "execution_us"
>;

/** A request and its record. */
export interface Joined {
  readonly request: SentRequest;
  readonly entry: RecordEntry | undefined;
}

/**
 * How much before its request was sent, or after it was answered, a record may begin, in milliseconds: what reading two
 * clocks can differ by. A process id comes back after all others were used once, which takes longer.
 */
const CLOCK_SLACK_MS = 10;

/**
 * Finds each request's record: that of the process id that the host answered with which began between request and
 * answer (the last one, if several did). No record is given to two requests.
 */
export function joinRecords(
  requests: readonly SentRequest[],
  entries: Iterable<RecordEntry>,
): Joined[] {
  const byPid = Map.groupBy(
    [...entries].map((entry) => ({ entry, startMs: parseRfc3339Ms(entry.start) })),
    ({ entry }) => entry.pid,
  );
  for (const list of byPid.values()) list.sort((a, b) => a.startMs - b.startMs);
  // Those that were sent last choose first: a reused process id's last record is theirs.
  const joined = new Map<SentRequest, RecordEntry>();
  for (const request of [...requests].sort((a, b) => b.sentMs - a.sentMs)) {
    const { pid, sentMs, answeredMs } = request;
    if (pid === undefined || answeredMs === undefined) continue;
    const list = byPid.get(pid) ?? [];
    const index = list.findLastIndex(({ startMs }) =>
      startMs >= sentMs - CLOCK_SLACK_MS && startMs <= answeredMs + CLOCK_SLACK_MS
    );
    if (index >= 0) joined.set(request, list.splice(index, 1)[0]!.entry);
  }
  return requests.map((request) => ({ request, entry: joined.get(request) }));
}

/** Reads the agent's `--exp_result`. The last line may be half written; any other that cannot be read is an error. */
export function parseRecord(text: string): RecordEntry[] {
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line, index) => {
    const entry = parseEntry(line);
    if (entry === undefined) {
      throw new RecordError(
        `cannot read line ${
          index + 1
        } of the record of invocations: wanted a JSON object with function, pid, start, ` +
          "end, cpu_us and execution_us, as --exp_result writes it",
      );
    }
    return entry;
  });
}

/** A record that cannot be read: one line. */
export class RecordError extends Error {
  override name = "RecordError";
}

function parseEntry(line: string): RecordEntry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { function: name, pid, start, end, cpu_us, execution_us } = value as Partial<Record<string, unknown>>;
  if (typeof name !== "string" || typeof start !== "string" || typeof end !== "string") return undefined;
  if (typeof pid !== "number" || typeof cpu_us !== "number" || typeof execution_us !== "number") {
    return undefined;
  }
  if (Number.isNaN(parseRfc3339Ms(start)) || Number.isNaN(parseRfc3339Ms(end))) return undefined;
  return { function: name, pid, start, end, cpu_us, execution_us };
}

/** Figures of a replay, and how good the join was. */
export interface Measurement {
  readonly joined: readonly Joined[];
  /** In the order of the trace, on the trace's clock: a due time of 0 is the start of the replay. */
  readonly measured: readonly Measured[];
  /** Requests that failed or were not answered. */
  readonly failed: number;
  /** Requests that succeeded and have no record though they should; they count as failed. */
  readonly unrecorded: number;
  /** Invocations that were over before the agent had first looked their function's program up: see {@link measure}. */
  readonly firstSights: number;
}

/**
 * Turns a replay into figures. With a record, an invocation ends where the kernel saw it end. Without one, it ends with
 * its answer, has the CPU time that the host says (else 0), and executed from its sending on. So does, with a record, an
 * invocation that is not in it because it was a function's first and shorter than an agent takes to look up what a
 * program that it has never seen belongs to: its answer came later than its end, so that it does not flatter.
 *
 * @param entries the record; undefined where there is none
 */
export function measure(replay: Replay, entries: Iterable<RecordEntry> | undefined, speed = 1): Measurement {
  const joined = entries === undefined
    ? replay.requests.map((request) => ({ request, entry: undefined }))
    : joinRecords(replay.requests, entries);
  const firstSights = entries === undefined ? new Set<SentRequest>() : firstSightsOf(joined);
  let failed = 0, unrecorded = 0;
  const measured = joined.map(({ request, entry }): Measured => {
    const missing = entries !== undefined && entry === undefined && !firstSights.has(request);
    if (request.error !== undefined) failed++;
    else if (missing) unrecorded++;
    const endMs = entry === undefined ? request.answeredMs ?? request.dueMs : parseRfc3339Ms(entry.end);
    // Not from the wall time of `dueMs`: the same in every replay of the trace, to the last bit.
    const dueMs = request.row.dueMs / speed;
    return {
      function: request.row.function,
      dueMs,
      endMs: dueMs + endMs - request.dueMs,
      cpuMs: entry === undefined ? request.cpuMs ?? 0 : entry.cpu_us / 1000,
      executionMs: entry === undefined ? endMs - request.sentMs : entry.execution_us / 1000,
      failed: request.error !== undefined || missing,
    };
  });
  return { joined, measured, failed, unrecorded, firstSights: firstSights.size };
}

/** Requests without a record whose CPU time is known, each sent before the first of its function that has one. */
function firstSightsOf(joined: readonly Joined[]): Set<SentRequest> {
  const found = new Set<SentRequest>();
  for (const list of Map.groupBy(joined, ({ request }) => request.row.function).values()) {
    const inOrder = list.toSorted((a, b) => a.request.sentMs - b.request.sentMs);
    const recorded = inOrder.findIndex(({ entry }) => entry !== undefined);
    for (const { request } of inOrder.slice(0, Math.max(recorded, 0))) {
      if (request.error === undefined && request.cpuMs !== undefined) found.add(request);
    }
  }
  return found;
}
