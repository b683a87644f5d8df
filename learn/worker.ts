/** The learning thread: neither HTTP nor the event path waits for what is computed here. */

import { HeapKeeper } from "../core/heap_keeper.ts";
import { Learner } from "./learner.ts";
import type { FromLearningThread, LearningOptions, Moment, ToLearningThread } from "./messages.ts";
import { PolicySender } from "./policy_update.ts";
import { Memory } from "./store/memory.ts";

const self = globalThis as unknown as {
  onmessage: ((message: MessageEvent<ToLearningThread>) => void) | null;
  postMessage(message: FromLearningThread, transfer?: Transferable[]): void;
};

/**
 * How much longer than the last policy took the thread waits before it makes the next that is due: thousands of functions
 * that appear one by one must not keep a core busy with policies.
 */
const REST_FACTOR = 10;

const sender = new PolicySender();
const heap = new HeapKeeper();
let learner: Learner | undefined;
let memory: Memory | undefined;
/** As of the last moment that was told. */
let cpuUtilization = 0, cpuPressure = 0;
let restsUntilMs = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

self.onmessage = ({ data }) => {
  heap.look();
  try {
    switch (data.type) {
      case "start":
        return start(data.options);
      case "meet":
        return meet(data.functionId, data.name, data.nowNs);
      case "add":
        learner?.add(data.invocations);
        for (const { functionId } of data.invocations) memory?.change(functionId);
        return makeIfDue(data.moment);
      case "forget":
        learner?.forget(data.functionIds);
        return memory?.forget(data.functionIds);
      case "request":
        if (learner) make(learner, data.moment);
        return memory?.writeIfDue();
      case "stop":
        clearTimeout(timer);
        memory?.[Symbol.dispose]();
        return self.postMessage({ type: "stopped" });
    }
  } catch (error) {
    self.postMessage({
      type: "failed",
      message: error instanceof Error ? error.stack ?? error.message : String(error),
    });
  }
};

function start(options: LearningOptions): void {
  const made = learner = new Learner(options);
  if (options.file === undefined) return;
  memory = new Memory({
    path: options.file,
    samplesOf: (functionId) => made.samplesOf(functionId),
    note: (note) => self.postMessage({ type: "note", note }),
  });
}

/** A function that is known from before gets its place in the policy before it has run. */
function meet(functionId: number, name: string, nowNs: number): void {
  const samples = memory?.meet(functionId, name);
  if (samples === undefined) return;
  learner?.recall(functionId, samples, nowNs);
  makeIfDue({ nowNs, cpuUtilization, cpuPressure });
}

function make(learner: Learner, moment: Moment): void {
  const { nowNs } = moment;
  ({ cpuUtilization, cpuPressure } = moment);
  const beganMs = performance.now();
  const update = sender.update(learner.makePolicy(nowNs, cpuUtilization, cpuPressure));
  const tookMs = performance.now() - beganMs;
  self.postMessage({ type: "policy", update, seconds: tookMs / 1000 }, [
    update.functionIds.buffer,
    update.slicesNs.buffer,
    update.changed.buffer,
  ]);
  restsUntilMs = performance.now() + REST_FACTOR * tookMs;
}

/** Makes a policy that does not wait for the epoch's end: at once, or when the rest is over. */
function makeIfDue(moment: Moment): void {
  clearTimeout(timer);
  if (!learner?.due()) return;
  const restMs = restsUntilMs - performance.now();
  if (restMs > 0) timer = setTimeout(makeIfDue, restMs, moment);
  else make(learner, moment);
}
