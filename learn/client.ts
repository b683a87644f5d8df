/** The learning thread, as the main thread sees it. */

import type { Invocation } from "../observe/invocation.ts";
import type { FromLearningThread, LearningOptions, ToLearningThread } from "./messages.ts";
import type { Policy } from "./policy.ts";
import { PolicyReceiver } from "./policy_update.ts";

/** What the learning thread hands over. */
export interface LearningListener {
  policy(policy: Policy): void;
  /** A policy should be asked for before the epoch ends: see `Learner.due()`. Told once per policy. */
  due?(): void;
  /** A request or a batch could not be worked on: a fault in the program. */
  failed(message: string): void;
}

/** Starts, feeds and ends the learning thread. */
export class LearningThread implements Disposable {
  readonly #worker = new Worker(new URL("./worker.ts", import.meta.url), {
    type: "module",
    name: "alps-learn",
  });

  readonly #receiver = new PolicyReceiver();

  private constructor(listener: LearningListener) {
    this.#worker.onmessage = ({ data }: MessageEvent<FromLearningThread>) => {
      switch (data.type) {
        case "policy":
          return listener.policy(this.#receiver.policy(data.update));
        case "due":
          return listener.due?.();
        case "failed":
          return listener.failed(data.message);
      }
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      listener.failed(event.message);
    };
  }

  static start(options: LearningOptions, listener: LearningListener): LearningThread {
    const thread = new LearningThread(listener);
    thread.#post({ type: "start", options });
    return thread;
  }

  /** Hands over finished invocations, in order of their ends. */
  add(invocations: readonly Invocation[]): void {
    if (invocations.length > 0) this.#post({ type: "add", invocations });
  }

  /** Asks for a policy; it comes to the listener. */
  request(nowNs: number, cpuUtilization: number): void {
    this.#post({ type: "request", nowNs, cpuUtilization });
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #post(message: ToLearningThread): void {
    this.#worker.postMessage(message);
  }
}
