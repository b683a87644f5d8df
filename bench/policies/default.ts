/** The kernel's own scheduling: what everything else is compared with. The agent runs too, and only observes. */
import type { PolicyMaker } from "./policy.ts";

export const kernelDefault: PolicyMaker = () => ({
  name: "default",
  what: "the kernel's own scheduling (EEVDF or CFS)",
  agent: { backend: "none" },
});
