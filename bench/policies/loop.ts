/** What the policy thread does: reads the pipe, has the scheduler decide, looks at processes. */
import { KernelError } from "../../ffi/errors.ts";
import { Files } from "../../ffi/files.ts";
import { type Libc, PollSet, SCHED_FIFO, SCHED_FLAG_RESET_ON_FORK } from "../../ffi/libc.ts";
import { HybridScheduler } from "./hybrid.ts";
import { LinuxTasks, statOf } from "./linux_tasks.ts";
import { NiceScheduler } from "./nice.ts";
import type { SchedulerSpec } from "./policy.ts";
import { RoundRobinScheduler } from "./rr.ts";
import { FAIR, type Scheduler, type Tasks } from "./scheduler.ts";
import { SfsScheduler } from "./sfs.ts";
import { Tallying } from "./tally.ts";
import type { PolicyReport } from "./thread.ts";

const MS = 1e6;

/** Above functions, and above host and client (raise.ts): it decides about them. */
const PRIORITY = 30;

/** How often it looks at processes; at so many of the oldest and as many of the newest, where there are more. */
const LOOK_NS = 200 * MS, LOOKED_AT = 32;

/**
 * A process is looked at when it has been there for so long: whoever schedules it has had time to. Longer: what is done to
 * the first milliseconds of an invocation, as by SFS, would not be seen.
 */
const SETTLED_NS = 3 * MS;

/** It blocks at most so long: messages of the main thread are taken in between. */
const BLOCK_NS = 50 * MS;

const READ_BYTES = 65_536;

/** One invocation in progress. */
interface Active {
  readonly function: string;
  readonly sinceNs: number;
}

/** The thread's state. */
export class PolicyLoop implements Disposable {
  readonly realtime: boolean;
  readonly #files = new Files();
  readonly #fd: number;
  readonly #polled: PollSet;
  readonly #bytes = new Uint8Array(READ_BYTES);
  readonly #decoder = new TextDecoder();
  #rest = "";
  #active = new Map<number, Active>();
  #tasks: LinuxTasks;
  #tallying: Tallying;
  #scheduler: Scheduler | undefined;
  #started = 0;
  /** Counts the policies; 0 while there is none. */
  #current = 0;
  #begun = 0;

  /**
   * @param warm processes live on after their invocations
   */
  constructor(readonly libc: Libc, pipe: string, readonly cores: number, readonly warm: boolean) {
    const fifo = {
      policy: SCHED_FIFO,
      flags: SCHED_FLAG_RESET_ON_FORK,
      nice: 0,
      priority: PRIORITY,
      runtimeNs: 0n,
    };
    this.realtime = libc.setAttr(0, fifo) === 0;
    // For reading and writing: it is there before any host has it open, and does not end with one.
    this.#fd = this.#files.open(pipe);
    if (this.#fd < 0) throw new KernelError(`cannot open ${pipe}`, -this.#fd);
    this.#polled = new PollSet([this.#fd]);
    this.#tasks = new LinuxTasks(libc);
    this.#tallying = new Tallying(cores);
  }

  begin(spec: SchedulerSpec | undefined): void {
    // What is of before: measuring CPU times may have filled the pipe.
    while (this.#read());
    this.#active = new Map();
    this.#started = 0;
    this.#tasks = new LinuxTasks(this.libc);
    this.#tallying = new Tallying(this.cores);
    this.#scheduler = spec && makeScheduler(spec, this.#tasks);
    this.#current = ++this.#begun;
  }

  /** Until {@link end}; the next policy may have begun by the time at which that is noticed. */
  async run(): Promise<void> {
    const own = this.#current;
    let wantedNs = Infinity, lookAtNs = 0;
    while (own !== 0 && this.#current === own) {
      const fromNs = this.libc.monotonicNs();
      const untilNs = Math.min(wantedNs, lookAtNs, fromNs + BLOCK_NS);
      this.libc.poll(this.#polled, Math.max(0, untilNs - fromNs));
      if (this.#polled.ready(0)) this.#read();
      const nowNs = this.libc.monotonicNs();
      wantedNs = this.#scheduler?.decide(nowNs) ?? Infinity;
      if (nowNs >= lookAtNs) {
        this.#look(nowNs);
        lookAtNs = nowNs + LOOK_NS;
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
  }

  end(): PolicyReport {
    this.#current = 0;
    if (this.#scheduler) { for (const pid of this.#active.keys()) this.#tasks.schedule(pid, FAIR); }
    this.#scheduler = undefined;
    const { changes, refused } = this.#tasks;
    return { tally: this.#tallying.tally, started: this.#started, changes, refused };
  }

  [Symbol.dispose](): void {
    this.end();
    this.#files.close(this.#fd);
    this.#files[Symbol.dispose]();
    this.libc[Symbol.dispose]();
  }

  /** Takes what is in the pipe, up to the buffer's size. Returns whether there was anything. */
  #read(): boolean {
    const bytes = this.libc.poll(this.#polled, 0) > 0 ? this.libc.read(this.#fd, this.#bytes) : 0;
    if (bytes <= 0) return false;
    const lines = (this.#rest + this.#decoder.decode(this.#bytes.subarray(0, bytes), { stream: true })).split(
      "\n",
    );
    this.#rest = lines.pop() ?? "";
    const nowNs = this.libc.monotonicNs();
    for (const line of lines) this.#take(line, nowNs);
    return true;
  }

  /** A line of host/native/announce.h. */
  #take(line: string, nowNs: number): void {
    const [kind, pidText, third = ""] = line.split(" ");
    const pid = Number(pidText);
    if (kind === "start") {
      const name = decodeURIComponent(third);
      this.#started++;
      this.#active.set(pid, { function: name, sinceNs: nowNs });
      this.#scheduler?.started(pid, name, nowNs);
    } else if (kind === "end" && this.#active.delete(pid)) {
      this.#scheduler?.ended(pid, 1000 * Number(third), nowNs);
      if (this.#scheduler && this.warm) this.#tasks.schedule(pid, FAIR);
    }
  }

  #look(nowNs: number): void {
    const settled = [...this.#active].filter(([, { sinceNs }]) => nowNs - sinceNs >= SETTLED_NS);
    const looked = settled.length <= 2 * LOOKED_AT
      ? settled
      : [...settled.slice(0, LOOKED_AT), ...settled.slice(-LOOKED_AT)];
    this.#tallying.look(
      looked.flatMap(([pid, { function: name }]) => {
        const stat = statOf(pid);
        // A process that has ended and was not waited for yet has lost what it had.
        return stat === undefined || stat.state === "Z" ? [] : [{ function: name, stat }];
      }),
    );
  }
}

/** The scheduler of a specification. */
function makeScheduler(spec: SchedulerSpec, tasks: Tasks): Scheduler {
  switch (spec.kind) {
    case "nice":
      return new NiceScheduler(tasks, spec.niceOf);
    case "rr":
      return new RoundRobinScheduler(tasks);
    case "sfs":
      return new SfsScheduler(tasks, spec.cores);
    case "hybrid":
      return new HybridScheduler(tasks);
  }
}
