import assert from "node:assert/strict";
import { join } from "node:path";
import { isLive, listTests, splitArguments } from "../../scripts/test_files.ts";

Deno.test("splitArguments() takes what exists as a path and passes on the rest in order", () => {
  const there = (path: string) => path === "tests/a_test.ts" || path === "--filter";
  assert.deepEqual(splitArguments(["--filter", "tests/a_test.ts", "name", "--fail-fast"], there), {
    paths: ["tests/a_test.ts"],
    options: ["--filter", "name", "--fail-fast"],
  });
});

Deno.test("listTests() finds test files in all folders below, sorted, and a file itself", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "b/c"), { recursive: true });
    for (const name of ["z_test.ts", "b/c/y_test.ts", "b/helper.ts", "b/x_test.json"]) {
      await Deno.writeTextFile(join(folder, name), "");
    }
    assert.deepEqual(listTests(folder), [join(folder, "b/c/y_test.ts"), join(folder, "z_test.ts")]);
    assert.deepEqual(listTests(join(folder, "z_test.ts")), [join(folder, "z_test.ts")]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("isLive() knows the tests that use the kernel by their folder", () => {
  assert.equal(isLive("tests/live/observe_test.ts"), true);
  assert.equal(isLive("/somewhere/tests/live/deep/x_test.ts"), true);
  assert.equal(isLive("tests/learn/live_test.ts"), false);
  assert.equal(isLive("contests/live/x_test.ts"), false);
});
