// SPDX-License-Identifier: GPL-2.0-only
/** Which of the tests in tests/live run in a virtual machine. A test of ours sees to it that each file is in one list. */

/** Files that run there, the quickest to fail first. */
export const IN_THE_MACHINE: readonly string[] = [
  "ffi_test.ts",
  "observe_test.ts",
  "classify_test.ts",
  "stock_test.ts",
  "identity_cgroup_test.ts",
  "doctor_test.ts",
  "leaks_test.ts",
  "agent_test.ts",
  "ring_test.ts",
];

/** Files that do not, with the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "agent_start_test.ts":
    "starts of the agent that fail before it asks the kernel for anything; three minutes there",
  "demo_test.ts": "sends a load in real time, which an emulated machine cannot carry",
};
