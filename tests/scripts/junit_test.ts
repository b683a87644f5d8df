import assert from "node:assert/strict";
import { addCounts, countTests } from "../../scripts/junit.ts";

/** As `deno test --junit-path` writes it. */
function report(...cases: string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="9" failures="9" errors="0" time="0.132">
    <testsuite name="./tests/a_test.ts" tests="9" disabled="0" errors="0" failures="9">
${cases.join("\n")}
    </testsuite>
</testsuites>
`;
}

function testCase(name: string, inner = ""): string {
  return `<testcase name="${name}" classname="./tests/a_test.ts" time="0.001" line="2" col="6">${inner}</testcase>`;
}

Deno.test("countTests() counts passed, failed and skipped tests", () => {
  const counts = countTests(report(
    testCase("one", "\n        "),
    testCase("two"),
    testCase("three", `<failure message="1 &lt; 2">Error: 1 &lt; 2</failure>`),
    testCase("four", "<skipped/>"),
  ));
  assert.deepEqual(counts, {
    ...{ passed: 2, failed: 1, skipped: 1, files: ["./tests/a_test.ts"] },
    failures: ["./tests/a_test.ts => three\n    Error: 1 < 2"],
  });
});

Deno.test("countTests() counts a test once, whatever its steps did", () => {
  const counts = countTests(report(
    testCase("steps", `<failure message="1 test step failed">1 test step failed.</failure>`),
    testCase("steps &gt; first"),
    testCase("steps &gt; second", "<failure>x</failure>"),
    testCase("steps &gt; second &gt; inner", "<failure>x</failure>"),
  ));
  assert.deepEqual([counts.passed, counts.failed], [0, 1]);
  assert.deepEqual(counts.failures[1], "./tests/a_test.ts => steps > second\n    x");
});

Deno.test("countTests() counts a test whose name merely looks like a step's", () => {
  const counts = countTests(report(testCase("a &gt; b holds"), testCase("c &gt; d holds")));
  assert.deepEqual([counts.passed, counts.failed], [2, 0]);
});

Deno.test("countTests() is not deceived by what a test is called or prints", () => {
  const counts = countTests(report(
    testCase("says &lt;failure&gt; and &quot;&lt;skipped/&gt;&quot;"),
    `<testcase name="with > bare"><failure message="x > y">&lt;/testcase&gt; 5 passed, 0 failed</failure></testcase>`,
    `<testcase name="self-closing" time="0"/>`,
  ));
  assert.deepEqual([counts.passed, counts.failed, counts.skipped], [2, 1, 0]);
});

Deno.test("countTests() finds nothing in an empty report and refuses a broken one", () => {
  assert.deepEqual(countTests("<testsuites></testsuites>"), addCounts([]));
  assert.throws(() => countTests(report(testCase("one")).slice(0, 300)), /has no end/);
  assert.throws(() => countTests(""), /has no end/);
});

Deno.test("addCounts() adds up several runs", () => {
  const sum = addCounts([
    { passed: 1, failed: 2, skipped: 3, files: ["a"], failures: ["x"] },
    { passed: 10, failed: 20, skipped: 30, files: ["b"], failures: [] },
  ]);
  assert.deepEqual(sum, { passed: 11, failed: 22, skipped: 33, files: ["a", "b"], failures: ["x"] });
  assert.deepEqual(addCounts([]), { passed: 0, failed: 0, skipped: 0, files: [], failures: [] });
});
