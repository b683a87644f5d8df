import assert from "node:assert/strict";
import { join } from "node:path";

const RUNNER = new URL("../../scripts/test.ts", import.meta.url).pathname;

/** Runs the test runner on files of its own; returns its exit status and the lines that it printed. */
async function runOn(files: Record<string, string>, ...options: string[]) {
  const folder = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name);
      await Deno.mkdir(join(path, ".."), { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", RUNNER, folder, ...options],
      env: { NO_COLOR: "1" },
      stderr: "null",
    }).output();
    const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
    return { code, lines, last: lines.at(-1) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const PASSING = 'Deno.test("passes", () => {});\n';
const FAILING = 'Deno.test("fails", () => { throw new Error("on purpose"); });\n';

Deno.test("test.ts adds up unit and live tests in its last line", async () => {
  const { code, last } = await runOn({
    "tests/a_test.ts": PASSING + PASSING,
    "tests/live/b_test.ts": PASSING,
  });
  assert.deepEqual([code, last], [0, "3 passed, 0 failed"]);
});

Deno.test("test.ts fails where one test fails", async () => {
  const { code, last, lines } = await runOn(
    { "tests/a_test.ts": FAILING, "tests/live/b_test.ts": PASSING },
    "--no-check",
  );
  assert.deepEqual([code, last], [1, "1 passed, 1 failed"]);
  // At the end once more: what came before it may be long.
  const repeated = lines.filter((line) => line.startsWith("fail: "));
  assert.match(repeated[0] ?? "", /tests\/a_test\.ts => fails$/);
  assert.equal(repeated[1], "fail:     Error: on purpose");
});

Deno.test("test.ts fails where a file does not load", async () => {
  const { code, last } = await runOn({
    "a_test.ts": PASSING,
    "b_test.ts": 'throw new Error("on purpose");\n',
  });
  assert.deepEqual([code, last], [1, "1 passed, 1 failed"]);
});

Deno.test("test.ts fails where types do not check", async () => {
  const { code, last } = await runOn({ "a_test.ts": `const n: number = "x";\n${PASSING}` });
  assert.deepEqual([code, last], [1, "0 passed, 1 failed"]);
});

Deno.test("test.ts fails where nothing ran", async () => {
  const { code, last } = await runOn({ "a_test.ts": PASSING }, "--no-check", "--filter", "no such test");
  assert.deepEqual([code, last], [1, "0 passed, 0 failed"]);
});

Deno.test("test.ts repeats why tests were skipped", async () => {
  const { code, lines } = await runOn({
    "a_test.ts":
      `console.log("skip: needs root");\nDeno.test({ name: "x", ignore: true, fn() {} });\n${PASSING}`,
  }, "--no-check");
  assert.equal(code, 0);
  assert.deepEqual(lines.slice(-3), ["1 skipped", "  needs root", "1 passed, 0 failed"]);
});
