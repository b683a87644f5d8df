/** The program `churn`, which makes events when it is told to. */

import assert from "node:assert/strict";

/** One process of it. */
export class Churn implements AsyncDisposable {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #ended = false;

  private constructor(readonly process: Deno.ChildProcess) {
    this.#writer = process.stdin.getWriter();
    this.#reader = process.stdout.getReader();
  }

  /**
   * @param program a copy of it; `threads` start and end in each batch
   * @param wrapper a command that starts it
   */
  static async start(program: string, threads: number, wrapper: string[] = []): Promise<Churn> {
    const [command, ...args] = [...wrapper, program, String(threads)];
    const process = new Deno.Command(command!, { args, stdin: "piped", stdout: "piped" }).spawn();
    const churn = new Churn(process);
    await churn.batch(); // it is past its exec
    return churn;
  }

  /** Starts and ends so many threads; resolves when they have ended. */
  async batch(): Promise<void> {
    await this.#writer.write(new Uint8Array([1]));
    const { done } = await this.#reader.read();
    assert.ok(!done, "the program has ended");
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#writer.close();
    await this.#reader.cancel();
    assert.equal((await this.process.status).code, 0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}
