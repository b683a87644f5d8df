/**
 * Requests and the kernel's record of what they started: from both, what is measured.
 */
import type { InvocationEntry } from "../api/agent_view.ts";
import { parseRfc3339Ms } from "./clock.ts";
import type { Replay, SentRequest } from "./replay.ts";
import type { Measured } from "./summary.ts";

/** What the join needs of one line of the agent's `--exp_result`. */
export type RecordEntry =
  & Pick<InvocationEntry, "function" | "pid" | "start" | "end" | "cpu_us" | "execution_us">
  & {
    /** Only where it is warm: the process has other invocations too. */
    readonly kind?: "warm";
    /** How often one of its tasks lost the CPU while it could have gone on. */
    readonly preemptions?: number;
  };

/** A request and its record. */
export interface Joined {
  readonly request: SentRequest;
  readonly entry: RecordEntry | undefined;
  /** The record is of several requests, which the agent could not tell apart: they came too soon after one another. */
  readonly shared?: boolean;
}

/**
 * How much before its request was sent, or after it was answered, a record may begin, in milliseconds: what reading two
 * clocks can differ by. A process id comes back after all others were used once, which takes longer.
 */
const CLOCK_SLACK_MS = 10;

/**
 * Finds each request's record: that of the process id that the host answered with which began between request and
 * answer (the last one, if several did). No record is given to two requests, unless it is a warm one: where a request
 * reached its instance before that had been idle for long enough, both are one invocation, and share its record.
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
  const shared = sharedRecords(requests.filter((request) => !joined.has(request)), entries);
  return requests.map((request) => {
    const both = shared.get(request);
    return both ? { request, entry: both, shared: true } : { request, entry: joined.get(request) };
  });
}

/** Of requests that found no record of their own: the latest warm one of their process that was in progress meanwhile. */
function sharedRecords(
  requests: readonly SentRequest[],
  entries: Iterable<RecordEntry>,
): Map<SentRequest, RecordEntry> {
  const found = new Map<SentRequest, RecordEntry>();
  const byPid = Map.groupBy([...entries].filter(({ kind }) => kind === "warm"), ({ pid }) => pid);
  for (const request of requests) {
    const { pid, sentMs, answeredMs } = request;
    if (pid === undefined || answeredMs === undefined) continue;
    for (const entry of byPid.get(pid) ?? []) {
      const startMs = parseRfc3339Ms(entry.start), endMs = parseRfc3339Ms(entry.end);
      if (startMs > answeredMs + CLOCK_SLACK_MS || endMs < sentMs - CLOCK_SLACK_MS) continue;
      const other = found.get(request);
      if (!other || parseRfc3339Ms(other.start) < startMs) found.set(request, entry);
    }
  }
  return found;
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
  const { function: name, pid, start, end, cpu_us, execution_us, preemptions, kind } = value as Partial<
    Record<string, unknown>
  >;
  if (typeof name !== "string" || typeof start !== "string" || typeof end !== "string") return undefined;
  if (typeof pid !== "number" || typeof cpu_us !== "number" || typeof execution_us !== "number") {
    return undefined;
  }
  if (Number.isNaN(parseRfc3339Ms(start)) || Number.isNaN(parseRfc3339Ms(end))) return undefined;
  return {
    function: name,
    pid,
    start,
    end,
    cpu_us,
    execution_us,
    ...(typeof preemptions === "number" && { preemptions }),
    ...(kind === "warm" && { kind }),
  };
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
 * Turns a replay into figures. With a record, an invocation ends where the kernel saw it end; a warm one with its answer
 * where that was earlier (its instance may have gone on with the next request, or waited for a CPU just to fall asleep).
 * What a warm one used is what the host says, where it does. Without a record, an invocation ends with its answer, has the CPU time that the host says (else 0), and executed from its sending on. So does, with a record, an
 * invocation that is not in it because it was a function's first and shorter than an agent takes to look up what a
 * program that it has never seen belongs to: its answer came later than its end, so that it does not flatter.
 *
 * @param entries the record; undefined where there is none
 */
export function measure(replay: Replay, entries: Iterable<RecordEntry> | undefined, speed = 1): Measurement {
  const joined: Joined[] = entries === undefined
    ? replay.requests.map((request) => ({ request, entry: undefined }))
    : joinRecords(replay.requests, entries);
  const firstSights = entries === undefined ? new Set<SentRequest>() : firstSightsOf(joined);
  let failed = 0, unrecorded = 0;
  const measured = joined.map(({ request, entry, shared }): Measured => {
    const missing = entries !== undefined && entry === undefined && !firstSights.has(request);
    if (request.error !== undefined) failed++;
    else if (missing) unrecorded++;
    const endMs = endOf(request, entry);
    // Not from the wall time of `dueMs`: the same in every replay of the trace, to the last bit.
    const dueMs = request.row.dueMs / speed;
    return {
      function: request.row.function,
      dueMs,
      endMs: dueMs + endMs - request.dueMs,
      cpuMs: cpuOf(request, entry),
      executionMs: entry === undefined || shared ? endMs - request.sentMs : entry.execution_us / 1000,
      failed: request.error !== undefined || missing,
      ...(entry?.preemptions !== undefined && { preemptions: entry.preemptions }),
    };
  });
  return { joined, measured, failed, unrecorded, firstSights: firstSights.size };
}

function endOf({ answeredMs, dueMs }: SentRequest, entry: RecordEntry | undefined): number {
  if (entry === undefined) return answeredMs ?? dueMs;
  const endMs = parseRfc3339Ms(entry.end);
  return entry.kind === "warm" ? Math.min(endMs, answeredMs ?? Infinity) : endMs;
}

function cpuOf({ cpuMs }: SentRequest, entry: RecordEntry | undefined): number {
  if (entry === undefined) return cpuMs ?? 0;
  return entry.kind === "warm" ? cpuMs ?? entry.cpu_us / 1000 : entry.cpu_us / 1000;
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
