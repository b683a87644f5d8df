/** The policy thread's first module: see thread.ts. */
import { Libc } from "../../ffi/libc.ts";
import { PolicyLoop } from "./loop.ts";
import type { FromPolicyThread, ToPolicyThread } from "./thread.ts";

const self = globalThis as unknown as {
  onmessage: ((message: MessageEvent<ToPolicyThread>) => void) | null;
  postMessage(message: FromPolicyThread): void;
  close(): void;
};

let loop: PolicyLoop | undefined;

self.onmessage = async ({ data }) => {
  try {
    switch (data.type) {
      case "start": {
        loop = new PolicyLoop(new Libc(), data.pipe, data.cores, data.warm);
        return self.postMessage({ type: "ready", realtime: loop.realtime });
      }
      case "begin":
        loop?.begin(data.spec);
        self.postMessage({ type: "begun" });
        return await loop?.run();
      case "end":
        return self.postMessage({ type: "report", report: loop!.end() });
      case "close":
        loop?.[Symbol.dispose]();
        self.postMessage({ type: "closed" });
        return self.close();
    }
  } catch (error) {
    const message = error instanceof Error ? error.stack ?? error.message : String(error);
    self.postMessage({ type: "failed", message });
  }
};
