/** A thread that answers one question, so that nobody waits for a simulation of a hundred thousand invocations. */
import { type OrderInForce, type RunInvocations, type WhatIf, whatIf } from "./whatif.ts";

/** What it is asked. */
export interface WhatIfQuestion {
  readonly run: RunInvocations;
  readonly cores: number;
  readonly order: OrderInForce;
}

/** What it answers. */
export type WhatIfAnswer = { readonly result: WhatIf } | { readonly failed: string };

const self = globalThis as unknown as {
  onmessage: ((message: MessageEvent<WhatIfQuestion>) => void) | null;
  postMessage(message: WhatIfAnswer): void;
};

self.onmessage = ({ data: { run, cores, order } }) => {
  try {
    self.postMessage({ result: whatIf(run, cores, order) });
  } catch (error) {
    self.postMessage({ failed: error instanceof Error ? error.message : String(error) });
  }
};
