/** A container that serves requests over a socket: the client of native/serve.c. */
import { sleep } from "../clock.ts";

/** How often it is tried whether a container takes requests, and how far apart. */
const TRIES = 1200, APART_MS = 25;

export class Served {
  constructor(readonly id: string, readonly socket: string) {}

  /**
   * Sends a request of steps (see native/serve.c) and waits for its answer.
   * @returns the CPU time that it took, in milliseconds
   */
  async request(steps: string): Promise<number> {
    using connection = await Deno.connect({ transport: "unix", path: this.socket });
    await connection.write(new TextEncoder().encode(`${steps}\n`));
    const buffer = new Uint8Array(64);
    let text = "";
    while (!text.endsWith("\n")) {
      const got = await connection.read(buffer);
      if (got === null) throw new Error(`container ${this.id} did not answer`);
      text += new TextDecoder().decode(buffer.subarray(0, got));
    }
    return Number(text) / 1000;
  }

  /** Waits until it takes requests. */
  async ready(): Promise<this> {
    for (let left = TRIES;; left--) {
      try {
        await this.request("w0");
        return this;
      } catch (error) {
        if (left === 0) throw error;
        await sleep(APART_MS);
      }
    }
  }
}
