/** The learning thread: neither HTTP nor the event path waits for what is computed here. */

import { Learner } from "./learner.ts";
import type { FromLearningThread, ToLearningThread } from "./messages.ts";

const self = globalThis as unknown as {
  onmessage: ((message: MessageEvent<ToLearningThread>) => void) | null;
  postMessage(message: FromLearningThread): void;
};

let learner: Learner | undefined;

self.onmessage = ({ data }) => {
  try {
    switch (data.type) {
      case "start":
        learner = new Learner(data.options);
        return;
      case "add":
        return learner?.add(data.invocations);
      case "request":
        if (learner) self.postMessage({ type: "policy", policy: learner.makePolicy(data.nowNs, data.cpuUtilization) });
    }
  } catch (error) {
    self.postMessage({ type: "failed", message: error instanceof Error ? error.stack ?? error.message : String(error) });
  }
};
