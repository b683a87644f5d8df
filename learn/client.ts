/** The learning thread, as the main thread sees it. */

import { bundledUrl } from "../ffi/assets.ts";
import type { Invocation } from "../observe/invocation.ts";
import type { FromLearningThread, LearningOptions, Moment, ToLearningThread } from "./messages.ts";
import type { Policy } from "./policy.ts";
import { PolicyReceiver } from "./policy_update.ts";
import type { MemoryNote } from "./store/memory.ts";

/** What the learning thread hands over. */
export interface LearningListener {
  /** @param seconds how long it took to make */
  policy(policy: Policy, seconds: number): void;
  /** A request or a batch could not be worked on: a fault in the program. */
  failed(message: string): void;
  /** Something that people should know of what is kept from one run to the next. */
  noted?(note: MemoryNote): void;
}

/** How long a stopping thread may take to write down what it knows, in milliseconds. */
const STOP_MS = 5_000;

/** Starts, feeds and ends the learning thread. */
export class LearningThread implements AsyncDisposable {
  readonly #worker = new Worker(bundledUrl("learn_worker.js", "./worker.ts", import.meta.url), {
    type: "module",
    name: "alps-learn",
  });

  readonly #receiver = new PolicyReceiver();
  readonly #stopped = Promise.withResolvers<void>();

  private constructor(listener: LearningListener) {
    this.#worker.onmessage = ({ data }: MessageEvent<FromLearningThread>) => {
      switch (data.type) {
        case "policy":
          return listener.policy(this.#receiver.policy(data.update), data.seconds);
        case "note":
          return listener.noted?.(data.note);
        case "stopped":
          return this.#stopped.resolve();
        case "failed":
          return listener.failed(data.message);
      }
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      // It answers no longer.
      this.#stopped.resolve();
      listener.failed(event.message);
    };
  }

  static start(options: LearningOptions, listener: LearningListener): LearningThread {
    const thread = new LearningThread(listener);
    thread.#post({ type: "start", options });
    return thread;
  }

  /**
   * Tells a function's name, before its first invocation is handed over. A policy follows where something is known of it
   * from before.
   */
  meet(functionId: number, name: string, nowNs: number): void {
    this.#post({ type: "meet", functionId, name, nowNs });
  }

  /** Hands over finished invocations, in order of their ends. A policy follows where they make one due (`Learner.due`). */
  add(invocations: readonly Invocation[], moment: Moment): void {
    if (invocations.length > 0) this.#post({ type: "add", invocations, moment });
  }

  /** Forgets functions; they leave the next policy. */
  forget(functionIds: readonly number[]): void {
    this.#post({ type: "forget", functionIds });
  }

  /** Asks for a policy at the end of an epoch. */
  request(moment: Moment): void {
    this.#post({ type: "request", moment });
  }

  /** Has it write down what it knows, then ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#post({ type: "stop" });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, STOP_MS);
    await Promise.race([this.#stopped.promise, late]);
    clearTimeout(timer);
    this.#worker.terminate();
  }

  #post(message: ToLearningThread): void {
    this.#worker.postMessage(message);
  }
}
