/**
 * The policy thread, as the main thread sees it. It is there under every policy: it hears of each invocation, looks at how its
 * process is scheduled, and has a scheduler set that where the policy has one.
 */
import { FailedError } from "../../cli/errors.ts";
import type { SchedulerSpec } from "./policy.ts";
import type { Tally } from "./tally.ts";

/** What the thread is told. */
export type ToPolicyThread =
  | { type: "start"; pipe: string; cores: number; warm: boolean }
  | { type: "begin"; spec: SchedulerSpec | undefined }
  | { type: "end" }
  | { type: "close" };

/** What it did and saw. */
export interface PolicyReport {
  readonly tally: Tally;
  /** Invocations that it heard of. */
  readonly started: number;
  /** Attributes set. */
  readonly changes: number;
  /** Refusals of the kernel, by errno. */
  readonly refused: ReadonlyMap<number, number>;
}

export type FromPolicyThread =
  | { type: "ready"; realtime: boolean }
  | { type: "begun" }
  | { type: "report"; report: PolicyReport }
  | { type: "closed" }
  | { type: "failed"; message: string };

/** A running policy thread. Closing it puts back what it has changed. */
export class PolicyThread implements AsyncDisposable {
  readonly #worker = new Worker(new URL("./thread_worker.ts", import.meta.url), { type: "module" });
  #waiting: PromiseWithResolvers<FromPolicyThread> | undefined;
  #failure: Error | undefined;
  #closed = false;

  private constructor() {
    this.#worker.onmessage = ({ data }: MessageEvent<FromPolicyThread>) => {
      if (data.type === "failed") {
        return this.#fail(new FailedError(`the policy thread failed: ${data.message}`));
      }
      this.#waiting?.resolve(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new FailedError(`the policy thread failed: ${event.message}`));
    };
  }

  /**
   * Makes the named pipe that a host is to be told of, and starts to listen at it.
   *
   * @param pipe path of a file that is not there yet
   * @param warm the host's processes live on after their invocations
   */
  static async start(pipe: string, cores: number, warm: boolean): Promise<PolicyThread> {
    const { success, stderr } = await new Deno.Command("mkfifo", { args: ["-m", "600", pipe] }).output();
    if (!success) throw new FailedError(new TextDecoder().decode(stderr).trim());
    const thread = new PolicyThread();
    await thread.#ask({ type: "start", pipe, cores, warm });
    return thread;
  }

  /** From now on a scheduler is at work, or none. */
  async begin(spec: SchedulerSpec | undefined): Promise<void> {
    await this.#ask({ type: "begin", spec });
  }

  /** Ends it; processes that are left have what they had before. */
  async end(): Promise<PolicyReport> {
    const answer = await this.#ask({ type: "end" });
    if (answer.type !== "report") throw new TypeError(`expected a report, got ${answer.type}`);
    return answer.report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#failure === undefined) await this.#ask({ type: "close" }).catch(() => {});
    this.#worker.terminate();
  }

  async #ask(message: ToPolicyThread): Promise<FromPolicyThread> {
    // One question at a time: one that was given up is answered first.
    await this.#waiting?.promise.catch(() => {});
    if (this.#failure !== undefined) throw this.#failure;
    this.#waiting = Promise.withResolvers();
    this.#worker.postMessage(message);
    try {
      return await this.#waiting.promise;
    } finally {
      this.#waiting = undefined;
    }
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#waiting?.reject(error);
  }
}
