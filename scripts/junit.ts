/** What a test run's report says. Steps of a test belong to it and are not counted. */
export interface TestCounts {
  passed: number;
  failed: number;
  skipped: number;
  /** The files that reported anything, as Deno writes them: `./tests/x_test.ts`. */
  files: string[];
  /** What failed, steps too: `FILE => NAME`, and indented below it the first lines of what it said. */
  failures: string[];
}

/** Lines shown of what a failed test says. */
const LINES_OF_FAILURE = 25;

/**
 * Counts the tests in a JUnit report written by `deno test --junit-path`.
 *
 * The totals in its attributes count a failed step twice (itself and its test) and leave out what was ignored
 * or failed to load, so the test cases themselves are counted.
 *
 * @throws Error where the text is no whole report
 */
export function countTests(report: string): TestCounts {
  if (!/<\/testsuites>\s*$/.test(report)) throw new Error("cannot read the test report: it has no end");
  const counts: TestCounts = { passed: 0, failed: 0, skipped: 0, files: [], failures: [] };
  // A quoted value never holds a bare quote, nor text a bare "<", so these patterns cannot match inside either.
  const suites = /<testsuite\s([^>]*)>([\s\S]*?)<\/testsuite>/g;
  for (const [, suite = "", body = ""] of report.matchAll(suites)) {
    const file = attribute(suite, "name");
    counts.files.push(file);
    const names = new Set<string>();
    const cases = /<testcase\s((?:[^">]|"[^"]*")*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g;
    for (const [, attributes = "", inner = ""] of body.matchAll(cases)) {
      const name = attribute(attributes, "name");
      const failed = /<(failure|error)[\s>/]/.test(inner);
      if (failed) counts.failures.push([`${file} => ${name}`, ...said(inner)].join("\n    "));
      if (isStep(name, names)) continue;
      names.add(name);
      if (failed) counts.failed++;
      else if (/<skipped[\s>/]/.test(inner)) counts.skipped++;
      else counts.passed++;
    }
  }
  return counts;
}

/** Adds up the counts of several runs. */
export function addCounts(runs: TestCounts[]): TestCounts {
  return {
    passed: runs.reduce((sum, run) => sum + run.passed, 0),
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
    skipped: runs.reduce((sum, run) => sum + run.skipped, 0),
    files: runs.flatMap((run) => run.files),
    failures: runs.flatMap((run) => run.failures),
  };
}

/** Deno calls a step `test > step`, and reports it after its test. */
function isStep(name: string, testsBefore: Set<string>): boolean {
  for (let at = name.indexOf(" > "); at !== -1; at = name.indexOf(" > ", at + 1)) {
    if (testsBefore.has(name.slice(0, at))) return true;
  }
  return false;
}

/** The first lines of what a failed test says: its message, then where it was. */
function said(inner: string): string[] {
  const text = />([^<]*)<\/(?:failure|error)>/.exec(inner)?.[1] ?? "";
  return decode(text).split("\n").filter((line) => line.trim() !== "").slice(0, LINES_OF_FAILURE);
}

function attribute(attributes: string, name: string): string {
  return decode(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? "");
}

function decode(value: string): string {
  const entities: Record<string, string> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
  return value.replace(/&(lt|gt|quot|apos|amp);/g, (whole, entity) => entities[entity] ?? whole);
}
