/**
 * What the live tests work with: real processes that spin, observed by the real eBPF programs on this machine's kernel.
 * Every load ends by itself or with the test; only processes that were started here are ended, by pid.
 */

import { existsSync } from "node:fs";
import type { EnforcementState } from "../../core/enforcement.ts";
import { EventThread } from "../../core/event_thread.ts";
import type { EventThreadReport } from "../../core/messages.ts";
import type { Orders } from "../../enforce/enforcer.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { cfsState } from "../../enforce/cfs_support.ts";
import { schedExtState, thisMachine } from "../../enforce/scx_support.ts";
import type { FunctionPolicy } from "../../learn/policy.ts";
import { Classifier } from "../../observe/classifier.ts";
import type { Question } from "../../observe/events.ts";
import { FunctionTable } from "../../observe/functions.ts";
import type { Invocation } from "../../observe/invocation.ts";
import { requireObservable } from "../../observe/kernel_features.ts";
import { Observer } from "../../observe/observer.ts";
import { RuleSet } from "../../observe/rule_set.ts";
import { parseRule } from "../../observe/rules.ts";
import { nativeProgram } from "./build_native.ts";

/** Why live tests cannot run here, undefined where they can. */
export const whyNotLive: string | undefined = (() => {
  try {
    requireObservable();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
})();

/**
 * How many times as long as on a real machine everything may take: `ALPS_TEST_PATIENCE`, for emulated ones. It stretches
 * waits, and nothing that a test asserts about the agent.
 */
export const PATIENCE = Math.max(1, Number(Deno.env.get("ALPS_TEST_PATIENCE") ?? 1) || 1);

/** What a lab enforces with. */
export type LabBackend = "scx" | "cfs" | "stock" | "none";

/** The longest wait that agents allow; else those that wait in a slow machine would all have to go first. */
const MAX_WAIT_NS = 5e9 * PATIENCE;

if (whyNotLive) console.log(`skip: ${whyNotLive}`);

/**
 * A test on this machine's kernel, to be passed to `Deno.test` in the file that it belongs to (reports name that file).
 * Without the means it is skipped, and the reason printed.
 */
export function liveTest(
  name: string,
  test: (lab: Lab) => Promise<void>,
  backend: LabBackend = "none",
  maxWaitNs = MAX_WAIT_NS,
  told?: { holdsMs: number },
): Deno.TestDefinition {
  return {
    name,
    ignore: whyNotLive !== undefined,
    fn: async () => {
      await using lab = await Lab.open(backend, maxWaitNs, told);
      await test(lab);
    },
  };
}

/** Waits until `condition` gives something; fails after `seconds`, four times that where it is slow: far beyond what it takes. */
export async function until<T>(
  what: string | (() => string),
  condition: () => T | undefined | false,
  seconds = 60,
): Promise<T> {
  seconds *= Math.min(PATIENCE, 4);
  for (const end = Date.now() + seconds * 1000; Date.now() < end;) {
    const value = condition();
    if (value !== undefined && value !== false) return value;
    await sleep(5);
  }
  throw new Error(`waited ${seconds} s in vain for: ${typeof what === "string" ? what : what()}`);
}

/** Gives the agent time to notice and to act: `ms` on a real machine. */
export function settle(ms: number): Promise<void> {
  return sleep(ms * PATIENCE);
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** An observed machine. */
export class Lab implements AsyncDisposable {
  readonly ended: (Invocation & { name: string })[] = [];
  readonly questions: Question[] = [];
  readonly failures: string[] = [];
  /** What the guard has changed. */
  readonly guarded: EnforcementState[] = [];
  readonly notes: string[] = [];
  instances: ReadonlyMap<number, number> = new Map();
  readonly functions: FunctionTable;
  readonly classifier: Classifier;
  readonly #processes: Deno.ChildProcess[] = [];
  readonly #resources = new AsyncDisposableStack();
  events!: EventThread;

  private constructor(readonly folder: string, readonly observer: Observer, readonly cpus: number[]) {
    this.#resources.defer(() => Deno.remove(folder, { recursive: true }));
    this.#resources.use(observer);
    this.functions = new FunctionTable((info) => observer.addFunction(info.id));
    this.classifier = new Classifier(observer, new RuleSet(), this.functions);
  }

  static async open(
    backend: LabBackend,
    maxWaitNs = MAX_WAIT_NS,
    told?: { holdsMs: number },
  ): Promise<Lab> {
    const cpus = onlineCpus();
    const folder = await Deno.makeTempDir({ prefix: "alps-lab-" });
    const lab = new Lab(folder, new Observer(cpus.length, maxWaitNs, undefined, told), cpus);
    const { thread } = await EventThread.start(
      lab.observer.libc,
      { ...lab.observer.fds, backend, cpus, migrate: true, maxWaitNs },
      {
        ended: (invocations) => {
          for (const invocation of invocations) {
            lab.ended.push({ ...invocation, name: lab.functions.byId(invocation.functionId)?.name ?? "?" });
          }
        },
        asked: (question) => {
          lab.questions.push(question);
          lab.classifier.answer(question);
        },
        decided: (functionId, warm) => void lab.classifier.modes.decided(functionId, warm),
        state: (active) => lab.instances = active,
        guarded: (state) => lab.guarded.push(state),
        noted: (text) => lab.notes.push(text),
        failed: (message) => lab.failures.push(message),
      },
    );
    lab.events = lab.#resources.use(thread);
    lab.#resources.defer(() => lab.killAll());
    return lab;
  }

  /** Puts a rule in force; `{lab}` in it is this lab's folder. */
  rule(text: string): string {
    return this.classifier.addRules([parseRule(text.replaceAll("{lab}", this.folder), "command line")])[0]!
      .id;
  }

  /** A copy of the program `spin` named `name`, in the lab's folder. */
  async program(name: string): Promise<string> {
    const path = `${this.folder}/${name}`;
    if (existsSync(path)) return path;
    await Deno.copyFile(await nativeProgram("spin"), path);
    return path;
  }

  /** Starts a program. It is killed with the lab where it still runs. */
  start(path: string, ...args: (string | number)[]): Deno.ChildProcess {
    const process = new Deno.Command(path, { args: args.map(String), stdin: "null", stdout: "null" }).spawn();
    this.#processes.push(process);
    return process;
  }

  /**
   * Runs one invocation until it is followed, then ends it. A short one may end before it has been asked and answered
   * whose it is; from now on the kernel side knows the program, until the rules change.
   */
  async introduce(path: string, ...args: (string | number)[]): Promise<Invocation & { name: string }> {
    const { active } = this.observer.shared.counters();
    const process = this.start(path, ...args, 0);
    await until(`${path} is followed`, () => this.observer.shared.counters().active > active);
    process.kill("SIGKILL");
    return await this.record(process.pid);
  }

  /** Ends everything that was started here. */
  async killAll(): Promise<void> {
    for (const process of this.#processes.splice(0)) {
      try {
        process.kill("SIGKILL");
      } catch {
        // it has ended
      }
      await process.status;
    }
  }

  /** The record of a process's invocation, once it is there. */
  record(pid: number): Promise<Invocation & { name: string }> {
    return until(`the record of ${pid}`, () => this.ended.find((invocation) => invocation.pid === pid));
  }

  /** Learned priorities as a test wants them: names in order, with the CPU time that they are taken to need. */
  order(...functions: [name: string, predictedMs: number][]): void {
    this.orders({
      changed: functions.map(([name, ms], i) => this.policyOf(name, ms, i + 1)),
      removed: [],
      pinned: [],
      prior: undefined,
    });
  }

  policyOf(name: string, predictedMs: number, priority = 1): FunctionPolicy {
    const ns = predictedMs * 1e6;
    return {
      functionId: this.functions.named(name, "test").id,
      priority,
      sliceNs: ns,
      predictedCpuNs: ns,
      table: [0, ns, ns, 0],
      tailSlope: 1,
    };
  }

  orders(orders: Orders): void {
    this.events.setOrders(orders);
  }

  report(): Promise<EventThreadReport> {
    return this.events.report();
  }

  /** With a backend inside the kernel: waits until it is in force. */
  async inForce(): Promise<void> {
    for (const endMs = Date.now() + 60_000; Date.now() < endMs; await sleep(20)) {
      const { backend } = await this.report();
      if (backend === "scx" && schedExtState(thisMachine).kind === "taken") return;
      if (backend === "cfs" && cfsState()?.enabled) return;
    }
    throw new Error(`waited in vain for the scheduler: ${(await this.report()).trouble}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
    if (this.failures.length > 0) throw new Error(this.failures.join("\n"));
  }
}

/** Scheduling policy and nice value of a thread, from /proc (proc(5)). */
export function scheduling(tid: number): { policy: number; nice: number } {
  const stat = Deno.readTextFileSync(`/proc/${tid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { policy: Number(fields[38]), nice: Number(fields[16]) };
}

/** CPU time that a process has used, its ended children not counted, in milliseconds. */
export function cpuMs(pid: number): number {
  const [runNs] = Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ").map(Number);
  return runNs! / 1e6;
}

/** Thread ids of a process. */
export function threadsOf(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].map((entry) => Number(entry.name));
}

/** Pids of a process's children. */
export function childrenOf(pid: number): number[] {
  const list = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  return list === "" ? [] : list.split(" ").map(Number);
}
