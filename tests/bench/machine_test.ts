import assert from "node:assert/strict";
import { join } from "node:path";
import { findProgram } from "../../scripts/command.ts";
import { describeCommit, describeMachine } from "../../bench/machine.ts";

async function git(folder: string, ...args: string[]): Promise<string> {
  const { stdout, success } = await new Deno.Command("git", {
    args: ["-c", "user.name=test", "-c", "user.email=test@example.org", ...args],
    cwd: folder,
  }).output();
  assert.ok(success, args.join(" "));
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("describeMachine() fills every field", () => {
  const { hostname, kernel, cpu, cores, memory_mb } = describeMachine();
  assert.ok(hostname !== "" && cpu !== "");
  assert.match(kernel, /^\d+\.\d+/);
  assert.ok(cores >= 1 && memory_mb >= 1);
  assert.equal(describeMachine(7).cores, 7);
});

Deno.test("describeCommit() gives the checkout's commit, and whether files differ from it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assert.equal(await describeCommit(folder), "unknown");
    // Without git that is all there is to say, and the agent does not need git.
    if (findProgram("git") === undefined) return;
    await git(folder, "init", "--quiet");
    await Deno.writeTextFile(join(folder, "file"), "one");
    await git(folder, "add", "file");
    await git(folder, "commit", "--quiet", "-m", "first");
    await git(folder, "tag", "-a", "-m", "tag", "v1");
    const commit = await git(folder, "rev-parse", "HEAD");
    assert.equal(await describeCommit(folder), commit);
    await Deno.writeTextFile(join(folder, "file"), "two");
    assert.equal(await describeCommit(folder), `${commit}-dirty`);
    // A folder inside a checkout is none itself.
    await Deno.mkdir(join(folder, "inner"));
    assert.equal(await describeCommit(join(folder, "inner")), "unknown");
    assert.equal(await describeCommit(join(folder, "missing")), "unknown");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
