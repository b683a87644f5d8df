/**
 * Host and agent as processes of their own, as they are in use.
 */
import { dirname, join } from "node:path";
import { HEAP_OPTIONS } from "../core/heap_keeper.ts";
import { ExitStatus, FailedError, NotPossibleError } from "../cli/errors.ts";
import { sleep } from "./clock.ts";

/** The checkout that this file is in. */
export const CHECKOUT: string = dirname(import.meta.dirname ?? Deno.cwd());

/** How long a process may take to say that it is ready, in milliseconds. Its modules may have to be fetched first. */
const READY_MS = 120_000;

/** How long it may take to end after SIGTERM. */
const STOP_MS = 15_000;

/** How long its output is read on after its end. */
const LAST_WORDS_MS = 1000;

/** Of what it writes to standard error, as many lines are kept for a message. */
const LINES_KEPT = 20;

/** A process that serves HTTP. */
export interface Service extends AsyncDisposable {
  readonly pid: number;
  /** As it said: `http://ADDR:PORT`. */
  readonly url: string;
  /** Resolves with a sentence once it has ended without having been told to. Never rejects. */
  readonly died: Promise<string>;
  /** What it wrote to standard error, the last lines of it. */
  readonly lastWords: readonly string[];
  /** Ends it with SIGTERM (with SIGKILL when that takes too long) and returns its exit status. */
  stop(): Promise<number>;
}

/** What to start. */
export interface ServiceOptions {
  /** For messages: `the agent`. */
  readonly name: string;
  /** Of `alps-agent`. */
  readonly args: readonly string[];
  /** Ends it, also while it starts. */
  readonly signal?: AbortSignal | undefined;
  /** The program and its first arguments; for tests. Default `alps-agent` of this checkout. */
  readonly program?: readonly string[];
}

/**
 * Starts a command of `alps-agent` and waits until it prints `listening on URL`.
 *
 * @throws NotPossibleError where it ends with status 3, FailedError where it ends otherwise or does not get ready: both
 * with its last words
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const { name, signal } = options;
  signal?.throwIfAborted();
  const [program, ...first] = options.program ??
    [Deno.execPath(), "run", "--quiet", "-A", ...HEAP_OPTIONS, join(CHECKOUT, "agent.ts")];
  const process = new Deno.Command(program!, {
    args: [...first, ...options.args],
    // The user's settings for an agent are none of this one's.
    clearEnv: true,
    env: Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([key]) => !key.startsWith("ALPS_"))),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const service = new ServiceProcess(name, process);
  try {
    await service.untilReady(signal);
    return service;
  } catch (error) {
    await service.stop();
    throw error;
  }
}

/**
 * The embedded function host, without a limit on invocations. `commands`: a file as its `--commands` takes it; `warm`: as
 * its `--warm`.
 */
export function startHostProcess(
  options: {
    commands?: string | undefined;
    warm?: boolean;
    cgroups?: boolean;
    sessions?: boolean;
    announce?: string | undefined;
    work?: number | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<Service> {
  const { commands, warm, cgroups, sessions, announce, work, signal } = options;
  const args = [
    "host",
    "--listen",
    "127.0.0.1:0",
    ...(commands === undefined ? [] : ["--commands", commands]),
    ...(warm ? ["--warm"] : []),
    ...(cgroups ? ["--cgroups"] : []),
    ...(sessions ? ["--sessions"] : []),
    ...(announce === undefined ? [] : ["--announce", announce]),
    ...(work === undefined ? [] : ["--work", String(work)]),
  ];
  return startService({ name: "the function host", args, signal });
}

/** What an agent is told. */
export interface AgentProcessOptions {
  readonly backend: "auto" | "scx" | "cfs" | "stock" | "none";
  readonly ml: string;
  readonly rules: readonly string[];
  /** More of its options. */
  readonly args?: readonly string[];
  /** A folder that exists and is empty: its state, socket and record go there. */
  readonly folder: string;
  readonly signal?: AbortSignal | undefined;
}

/** Where an agent started by {@link startAgentProcess} writes its record. */
export function recordPath(folder: string): string {
  return join(folder, "invocations.jsonl");
}

/** An agent that knows nothing but its rules. */
export function startAgentProcess(options: AgentProcessOptions): Promise<Service> {
  const { backend, ml, rules, folder, signal } = options;
  const args = [
    ...["run", "--backend", backend, "--ml", ml, "--listen", "127.0.0.1:0"],
    ...["--socket", join(folder, "agent.sock"), "--state", join(folder, "state")],
    ...["--exp_result", recordPath(folder), "--log-level", "warning"],
    ...rules.flatMap((rule) => ["--rule", rule]),
    ...(options.args ?? []),
  ];
  return startService({ name: "the agent", args, signal });
}

class ServiceProcess implements Service {
  url = "";
  readonly died: Promise<string>;
  readonly lastWords: string[] = [];
  readonly #stderrRead: Promise<void>;
  #stdoutRead: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(readonly name: string, readonly process: Deno.ChildProcess) {
    this.#stderrRead = this.#readStderr();
    this.died = new Promise((resolve) => {
      process.status.then(() => {
        if (!this.#stopping) this.#describeEnd().then(resolve);
      });
    });
  }

  get pid(): number {
    return this.process.pid;
  }

  /** Resolves when it has said where it listens. What it prints after that is dropped. */
  async untilReady(signal: AbortSignal | undefined): Promise<void> {
    const ready = Promise.withResolvers<void>();
    this.#stdoutRead = eachLine(this.process.stdout, (line) => {
      const url = /^listening on (http:\/\/\S+)$/.exec(line)?.[1];
      if (url === undefined || this.url !== "") return;
      this.url = url;
      ready.resolve();
    });
    const onAbort = () => ready.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const timer = setTimeout(
      () => ready.reject(new FailedError(`${this.name} did not get ready within ${READY_MS / 1000} s`)),
      READY_MS,
    );
    this.died.then(async (sentence) => {
      const { code } = await this.process.status;
      ready.reject(
        code === ExitStatus.notPossible
          ? new NotPossibleError(`cannot start ${this.name}`, this.#words())
          : new FailedError(sentence),
      );
    });
    try {
      await ready.promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  async stop(): Promise<number> {
    this.#stopping = true;
    this.#kill("SIGTERM");
    const timer = setTimeout(() => this.#kill("SIGKILL"), STOP_MS);
    const { code } = await this.process.status;
    clearTimeout(timer);
    // What it has left behind may hold its output open: its last words are not worth waiting for that.
    await Promise.race([Promise.all([this.#stdoutRead, this.#stderrRead]), sleep(LAST_WORDS_MS)]);
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #kill(signal: Deno.Signal): void {
    try {
      this.process.kill(signal);
    } catch {
      // It has ended already.
    }
  }

  async #readStderr(): Promise<void> {
    await eachLine(this.process.stderr, (line) => {
      if (line.trim() === "") return;
      this.lastWords.push(line);
      if (this.lastWords.length > LINES_KEPT) this.lastWords.shift();
    });
  }

  async #describeEnd(): Promise<string> {
    const { code, signal } = await this.process.status;
    await Promise.race([this.#stderrRead, sleep(LAST_WORDS_MS)]);
    const how = signal === null ? `with status ${code}` : `by ${signal}`;
    const words = this.#words();
    return `${this.name} (process ${this.pid}) ended ${how}${words === "" ? "" : `: ${words}`}`;
  }

  /** Its last lines, without the name that a command line tool puts before them. */
  #words(): string {
    return this.lastWords.map((line) => line.replace(/^alps-agent: /, "")).join("\n");
  }
}

async function eachLine(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  use: (line: string) => void,
): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(use);
  }
  if (rest !== "") use(rest);
}
