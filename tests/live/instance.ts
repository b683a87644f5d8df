/** Real warm instances for the live tests: processes that stay up and serve requests over a pipe. */

import { nativeProgram } from "./build_native.ts";
import { cpuMs, type Lab, threadsOf } from "./lab.ts";

/** One instance of the program `serve` (bench/containers/native/serve.c). Disposing of it kills it. */
export class Instance implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;

  private constructor(path: string, args: string[]) {
    this.#process = new Deno.Command(path, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#reader = this.#process.stdout.getReader();
  }

  /** Starts one whose executable is named `name`, in the lab's folder. */
  static async start(
    lab: Pick<Lab, "folder">,
    name: string,
    ...args: (string | number)[]
  ): Promise<Instance> {
    const path = `${lab.folder}/${name}`;
    try {
      await Deno.stat(path);
    } catch {
      await Deno.copyFile(await nativeProgram("serve"), path);
    }
    return new Instance(path, args.map(String));
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** CPU time that its threads have used, as the kernel itself counts it; ended threads and children are not in it. */
  cpuMs(): number {
    return threadsOf(this.pid).reduce((sum, tid) => sum + cpuMs(tid), 0);
  }

  /** Sends requests; each is a line of steps such as `w5 s20 w5`. Resolves when they are written. */
  async send(...requests: string[]): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(requests.map((request) => `${request}\n`).join("")));
  }

  /** Waits for so many answers. */
  async answers(count: number): Promise<void> {
    for (let got = 0; got < count;) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`instance ${this.pid} has ended`);
      got += value.length;
    }
  }

  /** Sends a request and waits for its answer. */
  async request(steps: string): Promise<void> {
    await this.send(steps);
    await this.answers(1);
  }

  /** Ends it with SIGKILL, or waits for it where it has ended by itself. */
  async end(signal?: "SIGKILL"): Promise<void> {
    if (signal) this.#process.kill(signal);
    await this.#process.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await this.#process.status;
    await this.#writer.close().catch(() => {});
    await this.#reader.cancel().catch(() => {});
  }
}
