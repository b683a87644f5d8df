// SPDX-License-Identifier: GPL-2.0-only
/** What a machine's end and its output say about the tests. Pure. */
import { lastLines } from "../../scripts/command.ts";
import type { MachineEnd } from "./machine.ts";

export interface Verdict {
  readonly passed: number;
  /** A machine that hangs, crashes or complains counts as one more. */
  readonly failed: number;
  /** What went wrong besides tests, with the console's last lines. */
  readonly trouble: string | undefined;
}

/** Complaints of the kernel that are none of emulation's slowness. */
const COMPLAINT = new RegExp([
  "BUG:|Oops|general protection fault|WARNING: CPU: \\d+ PID: \\d+ at kernel/(bpf|cgroup|events|sched|trace)",
  // Of kernels that check themselves: locks, RCU, lists.
  "WARNING: (possible|suspicious|inconsistent|bad|Nested|held lock|lock held)|INFO: (possible|inconsistent|trying to register)",
  "list_(add|del) corruption|kernel BUG at",
].join("|"));

/**
 * Judges: by the counts that the tests printed last, the exit status, and what the kernel said. A test that was skipped is a
 * failure: what cannot run in the machines is left out as a file, with its reason.
 *
 * @param filtered some tests were not asked for: they count as skipped
 */
export function verdictOf({ status, hung, console }: MachineEnd, output: string, filtered = false): Verdict {
  const counts = [...output.matchAll(/^(\d+) passed, (\d+) failed\r?$/gm)].at(-1);
  const passed = Number(counts?.[1] ?? 0), failed = Number(counts?.[2] ?? 0);
  const trouble = (what: string) => ({
    passed,
    failed: failed + 1,
    trouble: `${what}; its console's last lines:\n${lastLines(console, 40)}`,
  });
  if (hung) return trouble("the machine hung and was killed");
  if (status === undefined) return trouble("the machine ended before the tests did");
  const [, reasons] = /^\d+ skipped\n((?: {2}.*\n)*)/m.exec(output.replaceAll("\r", "")) ?? [];
  if (reasons !== undefined && !filtered) return trouble(`tests were skipped:\n${reasons.trimEnd()}\n`);
  const complaint = console.split("\n").find((line) => COMPLAINT.test(line));
  if (complaint !== undefined) return trouble(`the kernel complained: ${complaint.trim()}`);
  if (counts === undefined || (status === 0) !== (failed === 0)) {
    return trouble(`the tests ended with status ${status} and without fitting counts`);
  }
  return { passed, failed, trouble: undefined };
}
