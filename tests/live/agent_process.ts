/**
 * The real agent as a process of its own. Its /run is a folder of the test's, in a mount namespace of its own, so that
 * neither its lock nor anything else meets an agent that runs on this machine already.
 */

import assert from "node:assert/strict";
import { HEAP_OPTIONS } from "../../core/heap_keeper.ts";
import { insidePlace, type Place as PlaceOfOwn } from "../../bench/containers/place.ts";
import { nativeProgram } from "./build_native.ts";
import { PATIENCE, sleep } from "./lab.ts";

const AGENT = new URL("../../agent.ts", import.meta.url).pathname;

/** How long an agent may take to start: far beyond what it takes. */
const START_MS = 60_000 * Math.min(PATIENCE, 4);

/** What an agent left when it ended. */
export interface Ending {
  code: number;
  stdout: string;
  stderr: string;
}

/** A folder for agents and programs; what runs there still at the end is killed. */
export class Place implements PlaceOfOwn, AsyncDisposable {
  readonly #processes: Deno.ChildProcess[] = [];
  #agents = 0;

  private constructor(readonly folder: string) {}

  static async make(): Promise<Place> {
    const folder = await Deno.makeTempDir({ prefix: "alps-place-" });
    await Deno.mkdir(`${folder}/run`);
    return new Place(folder);
  }

  /** Where agents of this place have their lock. */
  get lockPath(): string {
    return `${this.folder}/run/alps/agent.lock`;
  }

  /** A copy of the program `spin` at `path` in this place. */
  async program(path: string): Promise<string> {
    const whole = `${this.folder}/${path}`;
    await Deno.mkdir(whole.slice(0, whole.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(await nativeProgram("spin"), whole);
    return whole;
  }

  /** Starts a program. */
  start(path: string, ...args: (string | number)[]): Deno.ChildProcess {
    const process = new Deno.Command(path, { args: args.map(String), stdin: "null", stdout: "null" }).spawn();
    this.#processes.push(process);
    return process;
  }

  /** Runs a program several times, one after another. */
  async run(times: number, path: string, ...args: (string | number)[]): Promise<void> {
    for (let i = 0; i < times; i++) await this.start(path, ...args).status;
  }

  /**
   * Starts an agent, whether it comes up or not. What `args` leave open is any free port, and a socket and a state of
   * this place.
   */
  spawnAgent(given: string[], wrapper: string[] = []): AgentProcess {
    const defaults = [
      ["--listen", "127.0.0.1:0"],
      ["--socket", `${this.folder}/agent-${++this.#agents}.sock`],
      ["--state", `${this.folder}/state`],
    ];
    return this.spawnCommand(
      [...defaults.filter(([option]) => !given.includes(option!)).flat(), ...given],
      wrapper,
    );
  }

  /** Runs `alps-agent` with exactly these arguments. */
  spawnCommand(args: string[], wrapper: string[] = []): AgentProcess {
    const agent = new AgentProcess(
      this.inside([...wrapper, Deno.execPath(), "run", "-A", ...HEAP_OPTIONS, AGENT, ...args]),
      args,
    );
    this.#processes.push(agent.process);
    return agent;
  }

  /** The command that runs another one in this place: what it finds in /run is this place's. */
  inside(command: readonly string[]): string[] {
    return insidePlace(this.folder, command);
  }

  /** Starts an agent and waits until it listens. */
  async agent(...args: string[]): Promise<AgentProcess> {
    const agent = this.spawnAgent(args);
    await agent.listening();
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const process of this.#processes) {
      try {
        process.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await process.status;
    }
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** One agent. */
export class AgentProcess {
  readonly process: Deno.ChildProcess;
  readonly socket: string;
  #stdout = "";
  #stderr = "";
  readonly #read: Promise<unknown>;

  constructor(command: string[], args: string[]) {
    this.socket = args[args.indexOf("--socket") + 1] ?? "";
    const kept = ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    this.process = new Deno.Command(command[0]!, {
      args: command.slice(1),
      clearEnv: true,
      env: { ...Object.fromEntries(kept), NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#read = Promise.all([
      collect(this.process.stdout, (text) => this.#stdout += text),
      collect(this.process.stderr, (text) => this.#stderr += text),
    ]);
  }

  get pid(): number {
    return this.process.pid;
  }

  /** What it has written to standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Waits until it listens; returns the address. */
  async listening(): Promise<string> {
    let over = false;
    this.process.status.then(() => over = true);
    for (const end = Date.now() + START_MS; !over && Date.now() < end; await sleep(10)) {
      const url = /^listening on (http:\/\/\S+)$/m.exec(this.#stdout)?.[1];
      if (url) return url;
    }
    throw new Error(`the agent did not start: ${this.#stdout}${this.#stderr}`);
  }

  /** Sends it a signal, if one is given, and waits for its end. */
  async end(signal?: Deno.Signal): Promise<Ending> {
    if (signal) this.process.kill(signal);
    const { code } = await this.process.status;
    await this.#read;
    return { code, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** A request over its Unix socket. */
  async request(method: string, path: string, body?: unknown): Promise<{ status: number; text: string }> {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: this.socket } });
    const response = await fetch(`http://localhost${path}`, {
      method,
      client,
      ...(body !== undefined &&
        { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
    });
    return { status: response.status, text: await response.text() };
  }

  /** The JSON of a request that must succeed. */
  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const { status, text } = await this.request(method, path, body);
    assert.ok(status >= 200 && status < 300, `${method} ${path}: ${status} ${text}`);
    return JSON.parse(text);
  }

  /** Waits until `condition` is true of what a GET answers. */
  async until<T>(what: string, path: string, condition: (answer: T) => boolean): Promise<T> {
    for (const end = Date.now() + START_MS;;) {
      const answer = await this.json<T>("GET", path);
      if (condition(answer)) return answer;
      if (Date.now() > end) throw new Error(`waited in vain for: ${what}; ${JSON.stringify(answer)}`);
      await sleep(20);
    }
  }

  /** The value of a line of `/metrics`. */
  async metric(series: string): Promise<number | undefined> {
    const { text } = await this.request("GET", "/metrics");
    const line = text.split("\n").find((each) => each.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }
}

async function collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) add(text);
}
