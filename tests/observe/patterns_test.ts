import assert from "node:assert/strict";
import type { ProcessIdentity } from "../../observe/identity.ts";
import { compilePattern, type RuleKind } from "../../observe/patterns.ts";

const SCRIPT: ProcessIdentity = {
  pid: 42,
  startTimeTicks: 7,
  exePaths: ["/srv/fn/resize.py", "/usr/bin/python3.11"],
  comm: "resize.py",
  cmdline: "/usr/bin/python3 /srv/fn/resize.py 1 2",
  cgroupCpu: "/pods/resize/inner",
  cgroupsOther: ["/other/x"],
  parentPid: 1,
};

/** What a pattern finds: false for no match, true for one without a name, else the name. */
function find(kind: RuleKind, pattern: string, identity = SCRIPT): boolean | string {
  const found = compilePattern(kind, pattern).match(identity);
  return found === undefined ? false : found.functionName ?? true;
}

Deno.test("compilePattern() of kind exe tries the path as called, then the resolved one", () => {
  assert.equal(find("exe", "/srv/fn/{function}.py"), "resize");
  assert.equal(find("exe", "/usr/bin/{function}"), "python3.11");
  assert.equal(find("exe", "**/{function}"), "resize.py");
  assert.equal(find("exe", "/srv/fn"), false);
  assert.equal(find("exe", "**", { ...SCRIPT, exePaths: [] }), false);
});

Deno.test("compilePattern() of kind comm, cmd and pid looks at just that", () => {
  assert.equal(find("comm", "{function}.py"), "resize");
  assert.equal(find("cmd", "fn/(?<function>\\w+)\\.py 1"), "resize");
  assert.equal(find("cmd", "fn$"), false);
  assert.equal(find("pid", "42"), true);
  assert.equal(find("pid", "43"), false);
});

Deno.test("compilePattern() of kind cgroup lets descendants belong and falls back to other hierarchies", () => {
  assert.equal(find("cgroup", "/pods/{function}"), "resize");
  assert.equal(find("cgroup", "/other/{function}"), "x");
  assert.equal(find("cgroup", "/pods/resize/inner/more"), false);
});

Deno.test("compilePattern() knows whether the name comes from the pattern", () => {
  assert.equal(compilePattern("exe", "/a/{function}").takesFunction, true);
  assert.equal(compilePattern("exe", "/a/\\{function}").takesFunction, false);
  assert.equal(compilePattern("cmd", "(?<function>a)").takesFunction, true);
  assert.equal(compilePattern("cmd", "{function}").takesFunction, false);
  assert.equal(compilePattern("pid", "1").takesFunction, false);
});
