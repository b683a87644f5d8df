/**
 * All tests, as a submission is judged by. What fails in one task does not keep the next from running. The last line printed
 * is `N passed, N failed`, the sum, and before it the tasks' lines that say what failed; the exit status is 1 where anything failed
 * or nothing ran. The virtual machines come first:
 * a test of what becomes of a hung machine boots the kernel that they have fetched.
 */
import { ROOT } from "./paths.ts";
import { FAIL } from "./test.ts";

/**
 * Live tests for each kind of machine: what its kernel may answer otherwise than this machine's, and what only it can show. All
 * of them would take more than the hour and a half that there is: `deno task test:vm` runs them all before a release.
 */
const IN_MACHINES: Readonly<Record<string, readonly string[]>> = {
  "stock --kernel 6.1": ["ffi", "observe", "classify", "stock", "doctor", "warm", "cgroup"],
  "stock --kernel 6.12": ["stock", "doctor", "cgroup", "contention", "cpuset", "clock", "suspend"],
  "scx": ["scx", "scx_share", "scx_stress", "agent"],
  "cfs": ["cfs", "cfs_life", "cfs_trouble", "agent"],
};

/** Tasks whose last line is `N passed, N failed`, with their arguments. */
const TASKS: readonly string[][] = [
  ...Object.entries(IN_MACHINES).map(([machine, names]) => [
    ...["test:vm", ...machine.split(" ")],
    ...names.map((name) => `tests/live/${name}_test.ts`),
  ]),
  ["test"],
];

/** The counts of a task's last line; a task that prints none, or whose exit status does not fit, has failed. */
export function countsOf(output: string, success: boolean): { passed: number; failed: number } {
  const last = output.trimEnd().split("\n").at(-1) ?? "";
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(last) ?? [];
  if (passed === undefined) return { passed: 0, failed: 1 };
  return { passed: Number(passed), failed: Number(failed) || (success ? 0 : 1) };
}

/** The lines of a task's output that say what failed, those of a task whose counts do not say so too. */
export function failuresOf(task: string, output: string, failed: number): string[] {
  if (failed === 0) return [];
  const lines = output.split("\n").map((line) => line.trimEnd()).filter((line) => line.startsWith(FAIL));
  return [`${task}: ${failed} failed`, ...lines];
}

async function main(): Promise<void> {
  const total = { passed: 0, failed: 0 };
  const failures: string[] = [];
  for (const task of TASKS) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["task", ...task],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const decoder = new TextDecoder();
    let output = "";
    for await (const chunk of child.stdout) {
      for (let at = 0; at < chunk.length;) at += Deno.stdout.writeSync(chunk.subarray(at));
      output += decoder.decode(chunk, { stream: true });
    }
    const { passed, failed } = countsOf(output, (await child.status).success);
    total.passed += passed;
    total.failed += failed;
    failures.push(...failuresOf(task.join(" "), output, failed));
  }
  for (const line of failures) console.log(line);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  Deno.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);
}

if (import.meta.main) await main();
