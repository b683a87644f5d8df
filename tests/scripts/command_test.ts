import assert from "node:assert/strict";
import { findProgram, lastLines, run, runOrFail, SetupError } from "../../scripts/command.ts";

Deno.test("run() gives back what a command printed and whether it succeeded", async () => {
  const result = await run("sh", ["-c", "echo out; echo err >&2; exit 1"]);
  assert.deepEqual(result, { success: false, stdout: "out\n", stderr: "err\n" });
});

Deno.test("run() says that a program is missing", async () => {
  await assert.rejects(run("alps-no-such-program", []), (error: Error) => {
    assert.ok(error instanceof SetupError);
    assert.match(error.message, /^cannot run "alps-no-such-program": it is not installed/);
    return true;
  });
});

Deno.test("runOrFail() says what the command was for and the last lines that it printed", async () => {
  assert.equal(await runOrFail("greet", "echo", ["hello"]), "hello\n");
  const failing = runOrFail("count", "sh", ["-c", "seq 1 40 >&2; exit 2"]);
  await assert.rejects(failing, /^SetupError: cannot count: sh failed:\n26\n27\n[\s\S]*\n40$/);
});

Deno.test("lastLines() leaves out blank lines", () => {
  assert.equal(lastLines("a\n\nb\n  \nc\n", 2), "b\nc");
  assert.equal(lastLines("", 2), "");
});

Deno.test("findProgram() takes the first file of that name in the path, and no folder", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/a/tool`, { recursive: true });
    await Deno.mkdir(`${folder}/b`);
    await Deno.writeTextFile(`${folder}/b/tool`, "");
    assert.equal(findProgram("tool", `:${folder}/missing:${folder}/a:${folder}/b`), `${folder}/b/tool`);
    assert.equal(findProgram("tool", `${folder}/a`), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
