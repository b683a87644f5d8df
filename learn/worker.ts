/** The learning thread: neither HTTP nor the event path waits for what is computed here. */

import { Learner } from "./learner.ts";
import type { FromLearningThread, ToLearningThread } from "./messages.ts";
import { PolicySender } from "./policy_update.ts";

const self = globalThis as unknown as {
  onmessage: ((message: MessageEvent<ToLearningThread>) => void) | null;
  postMessage(message: FromLearningThread): void;
};

/**
 * How much longer than the last policy took the thread waits before it calls for the next: thousands of functions that
 * appear one by one must not keep a core busy with policies.
 */
const REST_FACTOR = 10;

const sender = new PolicySender();
let learner: Learner | undefined;
let restsUntilMs = 0;
let dueTold = false;

self.onmessage = ({ data }) => {
  try {
    switch (data.type) {
      case "start":
        learner = new Learner(data.options);
        return;
      case "add":
        learner?.add(data.invocations);
        return tellDue();
      case "request":
        if (learner) answer(learner, data.nowNs, data.cpuUtilization);
    }
  } catch (error) {
    self.postMessage({
      type: "failed",
      message: error instanceof Error ? error.stack ?? error.message : String(error),
    });
  }
};

function answer(learner: Learner, nowNs: number, cpuUtilization: number): void {
  const beganMs = performance.now();
  const update = sender.update(learner.makePolicy(nowNs, cpuUtilization));
  self.postMessage({ type: "policy", update });
  const endedMs = performance.now();
  restsUntilMs = endedMs + REST_FACTOR * (endedMs - beganMs);
  dueTold = false;
}

/** Tells that a policy is due, at once or when the rest is over. */
function tellDue(): void {
  if (dueTold || !learner?.due()) return;
  dueTold = true;
  setTimeout(() => {
    // A policy that was made in the meantime has covered it.
    if (learner?.due()) self.postMessage({ type: "due" });
    else dueTold = false;
  }, Math.max(0, restsUntilMs - performance.now()));
}
