/** The learning thread: neither HTTP nor the event path waits for what is computed here. */

import { HeapKeeper } from "../core/heap_keeper.ts";
import { Learner } from "./learner.ts";
import type { FromLearningThread, Moment, ToLearningThread } from "./messages.ts";
import { PolicySender } from "./policy_update.ts";

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
let restsUntilMs = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

self.onmessage = ({ data }) => {
  heap.look();
  try {
    switch (data.type) {
      case "start":
        learner = new Learner(data.options);
        return;
      case "add":
        learner?.add(data.invocations);
        return makeIfDue(data.moment);
      case "forget":
        return learner?.forget(data.functionIds);
      case "request":
        if (learner) make(learner, data.moment);
    }
  } catch (error) {
    self.postMessage({
      type: "failed",
      message: error instanceof Error ? error.stack ?? error.message : String(error),
    });
  }
};

function make(learner: Learner, { nowNs, cpuUtilization }: Moment): void {
  const beganMs = performance.now();
  const update = sender.update(learner.makePolicy(nowNs, cpuUtilization));
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
