/**
 * Sends a trace to a function host, open loop: each request goes out when it is due, whatever the others do.
 */
import { wallOffsetMs } from "./clock.ts";
import { isNumericHttp, sendNatively, sendWithFetch, type SentOutcome } from "./sender.ts";
import { percentile } from "../simulate/percentile.ts";
import type { TraceRow } from "../traces/alps.ts";

/** What became of one request. Times are milliseconds since 1970. */
export interface SentRequest {
  readonly row: TraceRow;
  readonly dueMs: number;
  readonly sentMs: number;
  /** When the whole answer was there; undefined where none came. */
  answeredMs: number | undefined;
  /** HTTP status of the answer. */
  status: number | undefined;
  /** Process id and CPU time of the invocation, where the host says them. */
  pid: number | undefined;
  cpuMs: number | undefined;
  /** Why there was no answer, or what the host says went wrong; undefined where it succeeded. */
  error: string | undefined;
}

/** How to replay. */
export interface ReplayOptions {
  readonly rows: readonly TraceRow[];
  /** The host's address; requests go to `/run/<function>` below it. */
  readonly targetUrl: URL | string;
  /** Factor of the trace's pace. Above 0, default 1. */
  readonly speed?: number;
  /** The name under which a function is run, where it is another than in the trace. */
  readonly runAs?: (functionName: string) => string;
  /** How long after the last due time answers are waited for, in milliseconds. Default five minutes. */
  readonly patienceMs?: number;
  /** Told of the process that sends, where it is one of its own. */
  readonly onSender?: (pid: number) => void;
  /** Told a few times a second how many were sent and how many of those are answered. */
  readonly onProgress?: (sent: number, answered: number) => void;
  /** Gives up: what is under way is dropped, and the replay rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A replay, in the order of the trace. */
export interface Replay {
  readonly requests: readonly SentRequest[];
  /** The instant at which the trace begins, in milliseconds since 1970. */
  readonly startMs: number;
  /** From there to the last answer. */
  readonly wallMs: number;
  /** How late requests left this process, in milliseconds. It counts as turnaround. */
  readonly latenessMs: { readonly p50: number; readonly p99: number };
  /** CPU time of the client over the replay, per request, in milliseconds. */
  readonly clientCpuMs: number;
}

/**
 * Replays a trace. There is no limit on connections: one is opened for every request that finds none idle. Requests that
 * fail are not repeated.
 *
 * @throws RangeError where the speed is not above 0
 */
export async function replay(options: ReplayOptions): Promise<Replay> {
  const { rows, speed = 1, runAs = (name) => name, patienceMs = 300_000, onProgress, onSender, signal } =
    options;
  if (!(speed > 0 && speed < Infinity)) {
    throw new RangeError(`cannot replay at speed ${speed}: must be a number above 0`);
  }
  signal?.throwIfAborted();
  const target = new URL(options.targetUrl);
  const order = [...rows.keys()].sort((a, b) => rows[a]!.dueMs - rows[b]!.dueMs || a - b);
  const plan = order.map((index) => {
    const { dueMs, function: name, n, id, job } = rows[index]!;
    return {
      dueMs: dueMs / speed,
      path: runUrl(target, runAs(name)).pathname,
      json: JSON.stringify({ n, id, job }),
    };
  });
  const sending = { plan, target, patienceMs, onProgress, onSender, signal };
  const sent = await (isNumericHttp(target) ? sendNatively(sending) : sendWithFetch(sending, wallOffsetMs()));
  signal?.throwIfAborted();
  const requests = new Array<SentRequest>(rows.length);
  for (const [place, index] of order.entries()) {
    requests[index] = requestOf(rows[index]!, sent.startMs + plan[place]!.dueMs, sent.outcomes[place]!);
  }
  const lastAnswerMs = requests.reduce(
    (last, { answeredMs }) => Math.max(last, answeredMs ?? 0),
    sent.startMs,
  );
  onProgress?.(requests.length, requests.filter(({ answeredMs }) => answeredMs !== undefined).length);
  return {
    requests,
    startMs: sent.startMs,
    wallMs: lastAnswerMs - sent.startMs,
    latenessMs: lateness(requests),
    clientCpuMs: sent.cpuMs / Math.max(requests.length, 1),
  };
}

function requestOf(row: TraceRow, dueMs: number, { sentMs, answeredMs, result }: SentOutcome): SentRequest {
  const sent = { row, dueMs, sentMs, answeredMs };
  if ("error" in result) {
    return {
      ...sent,
      answeredMs: undefined,
      status: undefined,
      pid: undefined,
      cpuMs: undefined,
      error: result.error,
    };
  }
  const { status, body } = result;
  const { pid, cpu_us: cpuUs, detail } = membersOf(body);
  return {
    ...sent,
    status,
    pid: Number.isSafeInteger(pid) && Number(pid) > 0 ? Number(pid) : undefined,
    cpuMs: typeof cpuUs === "number" && cpuUs >= 0 ? cpuUs / 1000 : undefined,
    error: status >= 200 && status < 300
      ? undefined
      : `status ${status}${typeof detail === "string" ? `: ${detail.slice(0, 200)}` : ""}`,
  };
}

/** Where a function of a host is run. */
export function runUrl(target: URL, functionName: string): URL {
  const url = new URL(target);
  url.pathname = `${target.pathname.replace(/\/$/, "")}/run/${encodeURIComponent(functionName)}`;
  return url;
}

/** The members of an answer that is a JSON object; nothing of any other. */
export function membersOf(body: string): { pid?: unknown; cpu_us?: unknown; detail?: unknown } {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function lateness(requests: readonly SentRequest[]): { p50: number; p99: number } {
  if (requests.length === 0) return { p50: 0, p99: 0 };
  const sorted = requests.map(({ dueMs, sentMs }) => sentMs - dueMs).sort((a, b) => a - b);
  return { p50: percentile(sorted, 0.5), p99: percentile(sorted, 0.99) };
}
