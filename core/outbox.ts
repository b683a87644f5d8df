/** What the event thread has for the main thread, until it is handed over. */

import type { Question } from "../observe/events.ts";
import type { Invocation } from "../observe/invocation.ts";

/** What is handed over at once. */
export interface Batch {
  readonly ended: Invocation[];
  readonly questions: Question[];
  readonly instances: [functionId: number, active: number][];
}

export class Outbox {
  #ended: Invocation[] = [];
  #questions: Question[] = [];
  readonly #instances = new Map<number, number>();
  /** Whether there is something to hand over that has time: ends, how many are in progress, and what others note here. */
  hasNews = false;

  /** Whether there is something that cannot wait. */
  get isUrgent(): boolean {
    return this.#questions.length > 0;
  }

  ended(record: Invocation): void {
    this.#ended.push(record);
    this.hasNews = true;
  }

  asked(question: Question): void {
    this.#questions.push(question);
  }

  /** A function has one instance more, or one less. */
  count(functionId: number, change: 1 | -1): void {
    const instances = (this.#instances.get(functionId) ?? 0) + change;
    if (instances > 0) this.#instances.set(functionId, instances);
    else this.#instances.delete(functionId);
    this.hasNews = true;
  }

  /** Everything; instances are told each time. */
  take(): Batch {
    const batch = { ended: this.#ended, questions: this.#questions, instances: [...this.#instances] };
    this.#ended = [];
    this.#questions = [];
    this.hasNews = false;
    return batch;
  }
}
