/**
 * The event thread's first module. Nothing else runs in this thread, because it is in a real-time class: whatever it does,
 * no function can hold it up, and it holds up everything.
 */

import { EventLoop } from "./event_loop.ts";
import type { FromEventThread, ToEventThread } from "./messages.ts";

const self = globalThis as unknown as {
  onmessage: ((message: MessageEvent<ToEventThread>) => void) | null;
  postMessage(message: FromEventThread): void;
  close(): void;
};

let loop: EventLoop | undefined;

self.onmessage = async ({ data }) => {
  if (data.type !== "start") return loop?.receive(data);
  try {
    using running = loop = new EventLoop(data.options, (message) => self.postMessage(message));
    await running.run();
  } catch (error) {
    self.postMessage({
      type: "failed",
      message: error instanceof Error ? error.stack ?? error.message : String(error),
    });
    return self.close();
  }
  self.postMessage({ type: "stopped" });
  self.close();
};
