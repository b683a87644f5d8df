/**
 * The Deno side of the native parent (host/native): one process that forks one process per invocation, so that no start
 * of an interpreter is in an invocation's time.
 */
import {
  type Answer,
  formatRequest,
  type InvocationReply,
  type JobInfo,
  parseAnswer,
  parseJobs,
} from "./reply.ts";

/** The native parent could not be started, or is gone: nothing can be invoked any more. */
export class ForkServerError extends Error {
  override name = "ForkServerError";
}

/** One invocation could not be started, or its job could not be done. The parent goes on. */
export class InvocationRefused extends Error {
  override name = "InvocationRefused";
  /** @param pid of the process that could not do it; 0 where there was none */
  constructor(message: string, readonly pid: number) {
    super(message);
  }
}

interface Pending {
  resolve(reply: InvocationReply): void;
  reject(error: Error): void;
}

/** How the native parent is started. */
export interface ForkServerOptions {
  readonly warm?: boolean;
  readonly sessions?: boolean;
  readonly announce?: string | undefined;
  readonly work?: number;
}

/** Longest request line that the native parent reads, in bytes. */
const LINE_MOST = 64 * 1024;

/** A running native parent. Any number of requests may be under way. */
export class ForkServer implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: AsyncIterator<string>;
  readonly #pending = new Map<number, Pending>();
  readonly #encoder = new TextEncoder();
  readonly #ended = Promise.withResolvers<Error | undefined>();
  #jobs: readonly JobInfo[] = [];
  #lastId = 0;
  #outbox = "";
  #writing = false;
  #closing = false;
  #failure: Error | undefined;

  private constructor(process: Deno.ChildProcess) {
    this.#process = process;
    this.#writer = process.stdin.getWriter();
    this.#lines = readLines(process.stdout);
  }

  /**
   * Starts the native parent and waits until it is ready.
   *
   * @param options.warm instances that stay up do the jobs, one request after another, instead of a process each
   * @param options.sessions each invocation in a session of its own
   * @param options.announce a named pipe that is told of each invocation (host/native/announce.h); somebody must read it
   * @param options.work factor of the jobs' work, from 0.001
   * @throws {ForkServerError} where it cannot be started, with the remedy
   */
  static async start(
    binaryPath: string,
    { warm = false, sessions = false, announce, work = 1 }: ForkServerOptions = {},
  ): Promise<ForkServer> {
    const args = [
      ...(warm ? ["--warm"] : []),
      ...(sessions ? ["--sessions"] : []),
      ...(announce === undefined ? [] : ["--announce", announce]),
      ...(work === 1 ? [] : ["--work", String(Math.max(1, Math.round(1000 * work)))]),
    ];
    let process: Deno.ChildProcess;
    try {
      process = new Deno.Command(binaryPath, { args, stdin: "piped", stdout: "piped", stderr: "inherit" })
        .spawn();
    } catch (error) {
      const why = error instanceof Deno.errors.NotFound
        ? "there is no such file; run deno task build"
        : String(error);
      throw new ForkServerError(`cannot start ${binaryPath}: ${why}`);
    }
    const server = new ForkServer(process);
    const first = await server.#lines.next();
    if (first.done) {
      const { code } = await process.status;
      throw new ForkServerError(`cannot start ${binaryPath}: it ended with status ${code}`);
    }
    server.#jobs = parseJobs(first.value);
    server.#readAnswers();
    return server;
  }

  /** The jobs that {@link run} takes. */
  get jobs(): readonly JobInfo[] {
    return this.#jobs;
  }

  /** The native parent's process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Why nothing can be invoked any more, or undefined while the native parent runs. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Resolves when the native parent has ended: with undefined after {@link close}, otherwise with the reason. */
  get ended(): Promise<Error | undefined> {
    return this.#ended.promise;
  }

  /**
   * Runs a job in a process of its own, or in a warm instance of the function, whose comm is the function's name (the kernel keeps the first 15 bytes, up to a
   * NUL).
   *
   * @param request.n in the job's range, see {@link jobs}
   * @throws {InvocationRefused} for an unknown job or an n out of range; {@link ForkServerError} where the parent is gone
   */
  run(
    request: { function: string; job: string; n: number; joinFile?: string | undefined },
  ): Promise<InvocationReply> {
    const { function: name, job, n, joinFile } = request;
    return this.#request("run", [name, job, String(n)], joinFile);
  }

  /**
   * Runs a program with nothing on its standard input and its output thrown away.
   *
   * @param request.function which function it is, for who is told of invocations
   * @param argv its path, then its arguments: at most 256 in all
   * @throws {InvocationRefused} where it cannot be executed; {@link ForkServerError} where the parent is gone
   */
  exec(
    request: { argv: readonly string[]; joinFile?: string | undefined; function?: string },
  ): Promise<InvocationReply> {
    return this.#request("exec", request.argv, request.joinFile, request.function);
  }

  /** Ends the native parent and every invocation that is under way; those are rejected. */
  async close(): Promise<void> {
    if (!this.#closing) {
      this.#closing = true;
      this.#fail(new ForkServerError("the host is stopping"));
      await this.#writer.close().catch(() => {});
    }
    await this.#ended.promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #request(
    kind: "run" | "exec",
    fields: readonly string[],
    joinFile: string | undefined,
    functionName?: string,
  ): Promise<InvocationReply> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = ++this.#lastId;
    const line = formatRequest(kind, id, fields, joinFile, functionName);
    // Percent-encoded text is ASCII: its length is its size.
    if (line.length > LINE_MOST) {
      return Promise.reject(
        new InvocationRefused(`cannot send a request of ${line.length} bytes: at most ${LINE_MOST}`, 0),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<InvocationReply>();
    this.#pending.set(id, { resolve, reject });
    this.#outbox += line;
    if (!this.#writing) this.#write();
    return promise;
  }

  /** Requests that come while a write is under way go together in the next one. */
  async #write(): Promise<void> {
    this.#writing = true;
    try {
      while (this.#outbox !== "") {
        const lines = this.#encoder.encode(this.#outbox);
        this.#outbox = "";
        await this.#writer.write(lines);
      }
    } catch {
      // The reader of answers sees the parent's end too, and knows why.
    }
    this.#writing = false;
  }

  async #readAnswers(): Promise<void> {
    let reason = "";
    try {
      for (let line = await this.#lines.next(); !line.done; line = await this.#lines.next()) {
        this.#settle(parseAnswer(line.value));
      }
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : error}`;
      this.#process.kill("SIGKILL");
    }
    const { code, signal } = await this.#process.status;
    if (this.#closing) return this.#ended.resolve(undefined);
    // Its children die with it, but not what programs have left behind: all of them are in its process group.
    killGroup(this.#process.pid);
    reason ||= signal ? ` by ${signal}` : ` with status ${code}`;
    const failure = new ForkServerError(
      `the native parent of the functions (process ${this.pid}) ended${reason}`,
    );
    this.#fail(failure);
    await this.#writer.abort().catch(() => {});
    this.#ended.resolve(failure);
  }

  #settle(answer: Answer): void {
    const pending = this.#pending.get(answer.id);
    if (!pending) return;
    this.#pending.delete(answer.id);
    if ("reply" in answer) pending.resolve(answer.reply);
    else pending.reject(new InvocationRefused(answer.refusal, answer.pid));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

function killGroup(group: number): void {
  try {
    Deno.kill(-group, "SIGKILL");
  } catch {
    // Nobody is left in it.
  }
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
