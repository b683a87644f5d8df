/**
 * Runs the tests: `deno task test [FILE or FOLDER]... [options of deno test]`.
 *
 * Unit tests run side by side; those in tests/live use this machine's kernel and run one after another. A test
 * that cannot run prints a line `skip: REASON`; the reasons are repeated at the end, and what failed is too, each line as
 * `fail: ...`. The last line printed is `N passed, N failed`, and the exit status is 1 where anything failed or nothing ran.
 */
import { join, relative } from "node:path";
import { addCounts, countTests, type TestCounts } from "./junit.ts";
import { ROOT } from "./paths.ts";
import { isLive, listTests, splitArguments } from "./test_files.ts";

/** What the lines begin with that say what failed. */
export const FAIL = "fail: ";

/** What one `deno test` did. */
interface Outcome {
  counts: TestCounts;
  skipReasons: string[];
}

async function main(): Promise<void> {
  const request = splitArguments(Deno.args, exists);
  const paths = request.paths.length > 0 ? request.paths : [join(ROOT, "tests")];
  const files = [...new Set(paths.flatMap(listTests))];
  const live = files.filter(isLive);
  const unit = files.filter((file) => !isLive(file));

  const outcomes: Outcome[] = [];
  if (unit.length > 0) outcomes.push(await runTests(unit, ["--parallel", ...request.options]));
  if (live.length > 0) outcomes.push(await runTests(live, request.options));

  const counts = addCounts(outcomes.map((outcome) => outcome.counts));
  const reasons = [...new Set(outcomes.flatMap((outcome) => outcome.skipReasons))];
  if (counts.skipped > 0 || reasons.length > 0) {
    console.log(`${counts.skipped} skipped${reasons.map((reason) => `\n  ${reason}`).join("")}`);
  }
  for (const failure of counts.failures) console.log(failure.replaceAll(/^/gm, FAIL));
  if (counts.passed + counts.failed === 0) console.log("No test ran.");
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  Deno.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
}

/** Runs test files in one `deno test`, showing what it prints as it comes. */
async function runTests(files: string[], options: string[]): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "alps-test-" });
  try {
    const reportFile = join(folder, "report.xml");
    const child = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", `--junit-path=${reportFile}`, ...options, ...files],
      cwd: ROOT,
      env: Deno.stdout.isTerminal() ? { FORCE_COLOR: "1" } : {},
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const skipReasons = await showAndCollect(child.stdout);
    const { success } = await child.status;
    const report = exists(reportFile) ? await Deno.readTextFile(reportFile) : "<testsuites></testsuites>";
    const counts = countTests(report);
    const filtered = options.some((option) => option.startsWith("--filter"));
    const silent = filtered ? [] : silentOf(files, counts);
    counts.failed += silent.length;
    counts.failures.push(...silent.map((file) => `${file} did not load, or holds no test`));
    // A failure that no test case shows: types that do not check, a leak found after the last test.
    if (!success && counts.failed === 0) {
      counts.failed = 1;
      counts.failures.push("deno test failed, and no test did: see what it printed");
    }
    return { counts, skipReasons };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The test files that reported nothing: they failed to load, or hold no test. Each counts as a failure. */
function silentOf(files: string[], counts: TestCounts): string[] {
  const reported = new Set(counts.files.map((file) => relative(ROOT, join(ROOT, file))));
  return files.map((file) => relative(ROOT, file)).filter((file) => !reported.has(file));
}

/** Copies a stream to standard output; returns the reasons in its lines `skip: REASON`. */
async function showAndCollect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string[]> {
  const decoder = new TextDecoder();
  const reasons: string[] = [];
  let line = "";
  for await (const chunk of stream) {
    writeAll(chunk);
    const lines = (line + decoder.decode(chunk, { stream: true })).split("\n");
    line = lines.pop() ?? "";
    for (const whole of lines) {
      const reason = /^skip: (.+)$/.exec(whole.trim())?.[1];
      if (reason !== undefined) reasons.push(reason);
    }
  }
  return reasons;
}

function writeAll(bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length;) written += Deno.stdout.writeSync(bytes.subarray(written));
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

if (import.meta.main) await main();
