/**
 * Sends a trace to a function host, open loop: each request goes out when it is due, whatever the others do.
 */
import process from "node:process";
import { sleep, wallOffsetMs } from "./clock.ts";
import { FetchClient } from "./fetch_client.ts";
import { HttpPool } from "./http_pool.ts";
import { percentile } from "./summary.ts";
import type { TraceRow } from "./trace.ts";

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
  /** CPU time of this process over the replay, per request. */
  readonly clientCpuMs: number;
}

/** Between now and the start of the trace, so that the first requests are not late. */
const LEAD_MS = 100;

const PROGRESS_EVERY_MS = 200;

/**
 * Replays a trace. There is no limit on connections: one is opened for every request that finds none idle. Requests that
 * fail are not repeated.
 *
 * @throws RangeError where the speed is not above 0
 */
export async function replay(options: ReplayOptions): Promise<Replay> {
  const { speed = 1, runAs = (name) => name, patienceMs = 300_000, onProgress, signal } = options;
  if (!(speed > 0 && speed < Infinity)) {
    throw new RangeError(`cannot replay at speed ${speed}: must be a number above 0`);
  }
  const target = new URL(options.targetUrl);
  using client = target.protocol === "https:" ? new FetchClient(target) : new HttpPool(target);
  using giveUp = new GiveUp(signal);
  giveUp.signal.addEventListener("abort", () => client[Symbol.dispose]());
  const offsetMs = wallOffsetMs();
  const cpuBefore = process.cpuUsage();
  const startMs = performance.now() + LEAD_MS;
  const order = [...options.rows.keys()].sort((a, b) => options.rows[a]!.dueMs - options.rows[b]!.dueMs);
  const requests = new Array<SentRequest>(options.rows.length);
  const answers: Promise<void>[] = [];
  let answered = 0, reportedMs = 0, lastAnswerMs = startMs;

  const report = (always: boolean) => {
    if (onProgress === undefined || (!always && performance.now() - reportedMs < PROGRESS_EVERY_MS)) return;
    reportedMs = performance.now();
    onProgress(answers.length, answered);
  };
  const send = async (request: SentRequest) => {
    await post(request, {
      path: runUrl(target, runAs(request.row.function)).pathname,
      client,
      offsetMs,
      signal: giveUp.signal,
    });
    lastAnswerMs = performance.now();
    answered++;
    report(false);
  };

  try {
    for (const index of order) {
      const row = options.rows[index]!;
      const dueMs = startMs + row.dueMs / speed;
      while (performance.now() < dueMs) await sleep(Math.max(dueMs - performance.now(), 0), signal);
      requests[index] = unanswered(row, dueMs + offsetMs, performance.now() + offsetMs);
      answers.push(send(requests[index]));
      report(false);
    }
    giveUp.after(patienceMs);
  } finally {
    await Promise.all(answers);
  }
  signal?.throwIfAborted();
  report(true);
  const cpu = process.cpuUsage(cpuBefore);
  return {
    requests,
    startMs: startMs + offsetMs,
    wallMs: lastAnswerMs - startMs,
    latenessMs: lateness(requests),
    clientCpuMs: (cpu.user + cpu.system) / 1000 / Math.max(requests.length, 1),
  };
}

interface Sending {
  readonly path: string;
  readonly client: HttpPool | FetchClient;
  readonly signal: AbortSignal;
  /** See {@link wallOffsetMs}. */
  readonly offsetMs: number;
}

/** Sends one request and notes its answer; never throws. */
async function post(request: SentRequest, { path, client, signal, offsetMs }: Sending): Promise<void> {
  const { row } = request;
  try {
    const { status, body } = await client.post(path, JSON.stringify({ n: row.n, id: row.id, job: row.job }));
    request.status = status;
    request.answeredMs = performance.now() + offsetMs;
    const { pid, cpu_us: cpuUs, detail } = membersOf(body);
    if (Number.isSafeInteger(pid) && Number(pid) > 0) request.pid = Number(pid);
    if (typeof cpuUs === "number" && cpuUs >= 0) request.cpuMs = cpuUs / 1000;
    request.error = status >= 200 && status < 300
      ? undefined
      : `status ${status}${typeof detail === "string" ? `: ${detail.slice(0, 200)}` : ""}`;
  } catch (error) {
    request.error = signal.aborted ? "no answer" : rootMessage(error);
  }
}

/** What an error was caused by in the end: "fetch failed" alone helps nobody. */
export function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}

/** Where a function of a host is run. */
export function runUrl(target: URL, functionName: string): URL {
  const url = new URL(target);
  url.pathname = `${target.pathname.replace(/\/$/, "")}/run/${encodeURIComponent(functionName)}`;
  return url;
}

function unanswered(row: TraceRow, dueMs: number, sentMs: number): SentRequest {
  return {
    row,
    dueMs,
    sentMs,
    answeredMs: undefined,
    status: undefined,
    pid: undefined,
    cpuMs: undefined,
    error: "no answer",
  };
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

/** Ends requests at a signal or after a time. */
class GiveUp implements Disposable {
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.#controller.abort();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly outer: AbortSignal | undefined) {
    outer?.addEventListener("abort", this.#onAbort);
    if (outer?.aborted) this.#onAbort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  after(ms: number): void {
    this.#timer = setTimeout(this.#onAbort, ms);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.outer?.removeEventListener("abort", this.#onAbort);
  }
}
