/** Sending requests at their times: the native load generator, and `fetch` for where that does not reach. */
import { FailedError } from "../cli/errors.ts";
import { SENDER_PATH } from "./build.ts";
import { sleep } from "./clock.ts";
import { FetchClient } from "./fetch_client.ts";
import { type HttpAnswer, parseAnswer } from "./http_answer.ts";
import { parseStatCpuMs } from "./usage.ts";

/** One request to send: `json` is posted to `path`. */
export interface PlannedRequest {
  /** From the start, in milliseconds. */
  readonly dueMs: number;
  readonly path: string;
  readonly json: string;
}

/** What became of it; times in milliseconds since 1970. */
export interface SentOutcome {
  readonly sentMs: number;
  readonly answeredMs: number | undefined;
  /** The answer, or why there is none. */
  readonly result: HttpAnswer | { readonly error: string };
}

/** A plan that was carried out. */
export interface SendingResult {
  /** Since 1970: when a request that is due at 0 was due. */
  readonly startMs: number;
  /** In the order of the plan. */
  readonly outcomes: readonly SentOutcome[];
  /** CPU time of the sender, in milliseconds. */
  readonly cpuMs: number;
}

export interface SendingOptions {
  /** In order of their times. */
  readonly plan: readonly PlannedRequest[];
  readonly target: URL;
  /** How long after the last due time answers are waited for, in milliseconds. */
  readonly patienceMs: number;
  readonly onProgress?: ((sent: number, answered: number) => void) | undefined;
  /** Told of the load generator's process. */
  readonly onSender?: ((pid: number) => void) | undefined;
  /** Gives up: what is under way has no answer then. */
  readonly signal?: AbortSignal | undefined;
}

/** Whether the native load generator can reach a target: plain HTTP at a numeric address. */
export function isNumericHttp(target: URL): boolean {
  return target.protocol === "http:" &&
    (target.hostname === "localhost" || /^[\d.]+$/.test(target.hostname) || target.hostname.startsWith("["));
}

/** Sends a plan with the native load generator. */
export async function sendNatively(options: SendingOptions): Promise<SendingResult> {
  const { plan, target, patienceMs, onProgress, onSender, signal } = options;
  const address = target.hostname === "localhost" ? "127.0.0.1" : target.hostname.replace(/^\[|\]$/g, "");
  const process = new Deno.Command(SENDER_PATH, {
    args: [address, target.port || "80", String(Math.round(patienceMs))],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  onSender?.(process.pid);
  const onAbort = () => process.kill("SIGKILL");
  if (signal?.aborted) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  try {
    const writing = writePlan(process.stdin, plan, target).catch(() => {}); // it was ended: its status tells
    const output = new SenderOutput(plan.length, onProgress);
    for await (const part of process.stdout) output.add(part);
    await writing;
    const { success, code } = await process.status;
    if (!success && !signal?.aborted) {
      throw new FailedError(`cannot send requests: ${SENDER_PATH} ended with status ${code}`);
    }
    return output.result();
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

async function writePlan(
  stdin: WritableStream<Uint8Array<ArrayBuffer>>,
  plan: readonly PlannedRequest[],
  target: URL,
): Promise<void> {
  const encoder = new TextEncoder();
  const writer = stdin.getWriter();
  for (const { dueMs, path, json } of plan) {
    const body = encoder.encode(json);
    const head = encoder.encode(
      `POST ${path} HTTP/1.1\r\nHost: ${target.host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n`,
    );
    await writer.write(encoder.encode(`${Math.round(dueMs * 1000)} ${head.length + body.length}\n`));
    await writer.write(head);
    await writer.write(body);
  }
  await writer.close();
}

/** What the load generator prints, taken apart as it comes (see bench/native/send.c). */
export class SenderOutput {
  #buffer = new Uint8Array(0);
  #startMs = 0;
  #cpuMs = 0;
  readonly #outcomes: SentOutcome[];

  constructor(readonly count: number, readonly onProgress: SendingOptions["onProgress"]) {
    this.#outcomes = Array.from({ length: count }, () => ({
      sentMs: NaN,
      answeredMs: undefined,
      result: { error: "no answer" },
    }));
  }

  add(part: Uint8Array): void {
    const joined = new Uint8Array(this.#buffer.length + part.length);
    joined.set(this.#buffer);
    joined.set(part, this.#buffer.length);
    this.#buffer = joined;
    while (this.#takeLine());
  }

  result(): SendingResult {
    const startMs = this.#startMs;
    return {
      startMs,
      outcomes: this.#outcomes.map((one) => Number.isNaN(one.sentMs) ? { ...one, sentMs: startMs } : one),
      cpuMs: this.#cpuMs,
    };
  }

  /** Takes one line, and the bytes that belong to it; false where not all of it has come. */
  #takeLine(): boolean {
    const end = this.#buffer.indexOf(10);
    if (end < 0) return false;
    const line = new TextDecoder().decode(this.#buffer.subarray(0, end));
    const [kind, first = "", second = "", third = "", fourth = ""] = line.split(" ");
    let used = end + 1;
    const at = (us: string) => this.#startMs + Number(us) / 1000;
    switch (kind) {
      case "start":
        this.#startMs = Number(first) / 1000;
        break;
      case "progress":
        this.onProgress?.(Number(first), Number(second));
        break;
      case "cpu":
        this.#cpuMs = Number(first) / 1000;
        break;
      case "answer": {
        const length = Number(fourth);
        if (this.#buffer.length < used + length + 1) return false;
        const bytes = this.#buffer.subarray(used, used + length);
        used += length + 1;
        this.#outcomes[Number(first)] = {
          sentMs: at(second),
          answeredMs: at(third),
          result: tryParse(bytes),
        };
        break;
      }
      case "failed": {
        const error = line.split(" ").slice(3).join(" ");
        this.#outcomes[Number(first)] = { sentMs: at(second), answeredMs: undefined, result: { error } };
      }
    }
    this.#buffer = this.#buffer.subarray(used);
    return true;
  }
}

function tryParse(bytes: Uint8Array): SentOutcome["result"] {
  try {
    return parseAnswer(bytes);
  } catch (error) {
    return { error: (error as Error).message };
  }
}

/** Between now and the start of the plan, so that the first requests are not late. */
const LEAD_MS = 100;

/** Sends a plan with `fetch`: names that must be looked up, and https. `offsetMs`: from performance.now() to wall time. */
export async function sendWithFetch(options: SendingOptions, offsetMs: number): Promise<SendingResult> {
  const { plan, target, patienceMs, onProgress, signal } = options;
  const client = new FetchClient(target);
  const onAbort = () => client[Symbol.dispose]();
  signal?.addEventListener("abort", onAbort, { once: true });
  const cpuBefore = ownCpuMs();
  const startMs = performance.now() + LEAD_MS;
  const outcomes: SentOutcome[] = [];
  let answered = 0;
  const send = async (index: number, { path, json }: PlannedRequest) => {
    const sentMs = performance.now() + offsetMs;
    outcomes[index] = { sentMs, answeredMs: undefined, result: { error: "no answer" } };
    try {
      const result = await client.post(path, json);
      outcomes[index] = { sentMs, answeredMs: performance.now() + offsetMs, result };
    } catch (error) {
      if (!client.closed) {
        outcomes[index] = { sentMs, answeredMs: undefined, result: { error: rootMessage(error) } };
      }
    }
    onProgress?.(outcomes.length, ++answered);
  };
  const answers: Promise<void>[] = [];
  try {
    for (const [index, request] of plan.entries()) {
      while (performance.now() < startMs + request.dueMs) {
        await sleep(Math.max(startMs + request.dueMs - performance.now(), 0), signal);
      }
      answers.push(send(index, request));
    }
    const patience = setTimeout(onAbort, patienceMs);
    await Promise.all(answers);
    clearTimeout(patience);
  } finally {
    onAbort();
    await Promise.all(answers);
    signal?.removeEventListener("abort", onAbort);
  }
  return { startMs: startMs + offsetMs, outcomes, cpuMs: ownCpuMs() - cpuBefore };
}

function ownCpuMs(): number {
  return parseStatCpuMs(Deno.readTextFileSync("/proc/self/stat"));
}

/** What an error was caused by in the end: "fetch failed" alone helps nobody. */
export function rootMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}
