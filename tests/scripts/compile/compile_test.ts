/** `deno task compile`: the same bytes each time, a checksum, and `deno compile` with Deno itself standing in for denort. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { checkProgram, denoCompile, failureOf } from "../../../scripts/compile/deno_compile.ts";
import { ROOT } from "../../../scripts/paths.ts";
import { sha256 } from "../../../scripts/stamp.ts";
import { finish, portable, withStage } from "../../portable.ts";
import { inFolder } from "../../in_folder.ts";

const COMPILE = ["run", "-A", join(ROOT, "scripts/compile.ts")];

/** Runs the task. */
function compileTask(args: string[], env: Record<string, string> = {}) {
  return finish([Deno.execPath(), ...COMPILE, ...args], { env, cwd: ROOT });
}

Deno.test("compile makes the same bytes again, and a checksum that sha256sum takes", () =>
  inFolder(async (folder) => {
    const first = sha256(await Deno.readFile(await portable())), out = join(folder, "deep/alps-agent");
    const { code, stderr } = await compileTask(["--portable", "--out", out]);
    assert.equal(code, 0, stderr);
    assert.equal(sha256(await Deno.readFile(out)), first);
    const { code: checked, stdout } = await finish(["sha256sum", "--check", "alps-agent.sha256"], {
      cwd: join(folder, "deep"),
    });
    assert.deepEqual([checked, stdout], [0, "alps-agent: OK\n"]);
    assert.deepEqual([...Deno.readDirSync(join(folder, "deep"))].map(({ name }) => name).sort(), [
      "alps-agent",
      "alps-agent.sha256",
    ]);
  }));

Deno.test("compile with deno compile embeds every asset, and refuses a base that does not run them", () =>
  withStage(async (folder, names) => {
    const out = join(folder, "alps-agent");
    const { success, output } = await denoCompile(folder, names, out, Deno.execPath());
    assert.ok(success, output);
    for (const name of names) {
      assert.match(output, new RegExp(`─ ${RegExp.escape(name)} \\(`), name);
    }
    await assert.rejects(checkProgram(out, "0123"), /does not run the embedded program \(DENORT_BIN must/);
  }));

Deno.test("compile says what is wrong with DENORT_BIN, and does not make another kind of file instead", () =>
  inFolder(async (folder) => {
    const out = join(folder, "alps-agent");
    for (
      const [DENORT_BIN, message] of [["/no/such/denort", /DENORT_BIN/], [
        Deno.execPath(),
        /DENORT_BIN/,
      ]] as const
    ) {
      const { code, stderr } = await compileTask(["--out", out], { DENORT_BIN });
      assert.equal(code, 1, stderr);
      assert.match(stderr, message);
      await assert.rejects(Deno.stat(out), Deno.errors.NotFound);
    }
  }));

Deno.test("compile names the place that it cannot write, in one line", async () => {
  const { code, stderr } = await compileTask(["--portable", "--out", "/proc/no-such/alps-agent"]);
  assert.equal(code, 1);
  assert.match(stderr, /^cannot make the folder \/proc\/no-such: [^\n]+\n$/);
});

Deno.test("compile refuses options that it does not have", async () => {
  const { code, stderr } = await compileTask(["--nope"]);
  assert.equal(code, 2);
  assert.match(stderr, /allowed are --portable, --out FILE/);
});

Deno.test("failureOf() finds why deno compile failed", () => {
  const output = "Compile x\nerror: Writing\n\nCaused by:\n    0: Setting up base binary.\n" +
    "    1: error sending request for url (x): dns error\n\nStack backtrace:\n   0: <unknown>\n";
  assert.equal(failureOf(output), "error sending request for url (x): dns error");
});
