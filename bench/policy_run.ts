/**
 * One replay under one policy: an agent from nothing, a trace, and what came of it.
 */
import { join } from "node:path";
import { ExitStatus, FailedError } from "../cli/errors.ts";
import { measure, type Measurement } from "./join.ts";
import { type Learned, watchLearning } from "./learning_watch.ts";
import { atRaisedPriority } from "./priority.ts";
import { recordPath, type Service, startAgentProcess } from "./processes.ts";
import { startProgress } from "./progress.ts";
import { readRecord } from "./record_file.ts";
import { type Replay, replay } from "./replay.ts";
import type { TraceRow } from "../traces/alps.ts";
import { machineUsage, processUsage } from "./usage.ts";
import type { Workload } from "./workload.ts";

/** A policy that can be run. */
export interface RunnablePolicy {
  /** As results name it: `default`, `alps:avg`. */
  readonly name: string;
  /** `none` only observes: the kernel's default, measured as the others are. */
  readonly backend: "auto" | "scx" | "cfs" | "stock" | "none";
  readonly ml: string;
  /** More of the agent's options. */
  readonly args?: readonly string[];
}

/** What a benchmark does around a replay. */
export interface Surroundings {
  /** Runs the replay; default: with the client's nice value raised. */
  send?<T>(action: () => Promise<T>): Promise<T>;
  /** Keeps what the agent has learned over time. */
  readonly watchRanks?: boolean;
  /** Asks the agent something after the replay, before it is stopped. */
  atEnd?(agentUrl: string): Promise<void>;
  /** Told of the load generator's process, while the agent is there. */
  onSender?(pid: number, agentPid: number): void;
}

/** What to run. */
export interface PolicyRunOptions {
  readonly policy: RunnablePolicy;
  readonly rows: readonly TraceRow[];
  readonly workload: Workload;
  readonly host: Service;
  /** A folder that does not exist yet. */
  readonly folder: string;
  /** For the progress bar. */
  readonly label: string;
  readonly signal: AbortSignal;
  readonly surroundings?: Surroundings;
}

/** What the agent cost and said. */
export interface AgentFigures {
  /** Of one core, over the replay. */
  readonly cpuPercent: number;
  readonly peakMemoryMb: number;
  readonly learned: Learned;
  /** Warnings and errors that it logged. */
  readonly messages: readonly string[];
}

/** A run. */
export interface PolicyRun {
  readonly policy: RunnablePolicy;
  readonly measurement: Measurement;
  readonly replay: Pick<Replay, "latenessMs" | "clientCpuMs" | "wallMs">;
  readonly agent: AgentFigures;
  /** CPU time of all but functions and agent (so of host and client too, and steal time), in percent of the machine. */
  readonly elsewherePercent: number;
  /** CPU time that a hypervisor gave to others, in percent of the machine. */
  readonly stealPercent: number;
  /** Context switches of the whole machine. */
  readonly contextSwitches: number;
  /** Of the agent: scheduling groups that it demoted. */
  readonly groupDemotions: number;
}

/**
 * Starts an agent, replays the trace once it observes, waits for all answers and records, and stops the agent.
 *
 * @throws FailedError where host or agent ends before its time, or the agent ends with an error
 */
export async function runPolicy(options: PolicyRunOptions): Promise<PolicyRun> {
  const { policy, rows, workload, host, folder, signal } = options;
  await Deno.mkdir(join(folder, "state"), { recursive: true });
  await using agent = await startAgentProcess({ ...policy, rules: workload.rules, folder, signal });
  using over = new Ending(signal, [agent, host]);
  const functionCount = new Set(rows.map((row) => row.function)).size;
  const cpuBeforeMs = processUsage(agent.pid)?.cpuMs ?? 0, before = machineUsage();
  const beginMs = performance.now();
  const learning = watchLearning(
    agent.url,
    functionCount,
    beginMs,
    over.signal,
    options.surroundings?.watchRanks,
  );
  const sent = await sendTrace(
    { ...options, signal: over.signal },
    (pid) => options.surroundings?.onSender?.(pid, agent.pid),
  );
  const wallMs = performance.now() - beginMs;
  const usage = processUsage(agent.pid);
  const after = machineUsage();
  const entries = await readRecord(recordPath(folder), sent.requests, over.signal);
  over.end();
  const groupDemotions = await metric(agent.url, "alps_group_demotions_total", signal);
  await options.surroundings?.atEnd?.(agent.url);
  const learned = await learning;
  await stopAgent(agent);
  const measurement = measure(sent, entries);
  const agentMs = (usage?.cpuMs ?? cpuBeforeMs) - cpuBeforeMs;
  const busyMs = after.busyMs - before.busyMs, allMs = wallMs * navigator.hardwareConcurrency;
  const functionsMs = measurement.measured.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
  return {
    policy,
    measurement,
    replay: sent,
    agent: {
      cpuPercent: 100 * agentMs / wallMs,
      peakMemoryMb: usage?.peakMemoryMb ?? 0,
      learned,
      messages: [...agent.lastWords],
    },
    elsewherePercent: 100 * Math.max(busyMs - functionsMs - agentMs, 0) / allMs,
    stealPercent: 100 * (after.stealMs - before.stealMs) / allMs,
    contextSwitches: after.contextSwitches - before.contextSwitches,
    groupDemotions,
  };
}

/** A figure of the agent's; 0 where it does not tell. */
async function metric(agentUrl: string, name: string, signal: AbortSignal): Promise<number> {
  try {
    const text = await (await fetch(`${agentUrl}/metrics`, { signal })).text();
    return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/**
 * Replays a trace, with a progress bar and the client's nice value raised (or what the surroundings do instead).
 *
 * @param onSender told of the process that sends
 */
export async function sendTrace(
  { rows, workload, host, label, surroundings, signal }: Omit<PolicyRunOptions, "policy" | "folder">,
  onSender?: (pid: number) => void,
): Promise<Replay> {
  using progress = startProgress(label, rows.length);
  const raised = surroundings?.send ?? atRaisedPriority;
  return await raised(() =>
    replay({
      rows,
      targetUrl: host.url,
      runAs: (name) => workload.runAs(name),
      ...(onSender && { onSender }),
      onProgress: (sent, answered) => progress.update(sent, `${sent - answered} under way`),
      signal,
    })
  );
}

/** @throws FailedError where the agent ends with an error */
export async function stopAgent(agent: Service): Promise<void> {
  const status = await agent.stop();
  if (status === ExitStatus.done) return;
  const words = agent.lastWords.join("\n");
  throw new FailedError(`the agent ended with status ${status}${words === "" ? "" : `: ${words}`}`);
}

/** A signal for everything that must not outlast a run: aborted from outside, by the death of a process, or at the end. */
class Ending implements Disposable {
  readonly #controller = new AbortController();
  readonly #onAbort = () => this.#controller.abort(this.outer.reason);

  constructor(readonly outer: AbortSignal, services: readonly Service[]) {
    outer.addEventListener("abort", this.#onAbort, { once: true });
    if (outer.aborted) this.#onAbort();
    for (const { died } of services) {
      died.then((sentence) => this.#controller.abort(new FailedError(sentence)));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  end(): void {
    this.#controller.abort(new Error("the run has ended"));
  }

  [Symbol.dispose](): void {
    this.outer.removeEventListener("abort", this.#onAbort);
    this.end();
  }
}
