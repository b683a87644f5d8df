import assert from "node:assert/strict";
import { ROOT } from "../../../scripts/paths.ts";

/** Runs the task's program with arguments that it must refuse. */
async function refused(args: readonly string[], message: RegExp): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "kernel/build/main.ts", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  assert.equal(code, 2, text);
  assert.match(text, message);
}

Deno.test("the kernel task refuses names that it does not have, and lists what it has", async () => {
  for (const args of [[], ["cfs-none"], ["scx", "scx"]]) {
    await refused(args, /kernel needs one name: must be scx, scx-latest/);
  }
});

Deno.test("the kernel task makes packages of the patched kernel alone, and of a configuration", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const text = `${folder}/text`;
    await Deno.writeTextFile(text, "no configuration\n");
    await refused(["cfs", "--deb"], /--deb needs --config FILE/);
    await refused(["scx", "--deb", "--config", text], /--deb is for cfs/);
    await refused(["cfs", "--config", text], /--config and --out are for --deb/);
    await refused(["cfs", "--deb", "--config", `${folder}/none`], /cannot read --config .*: no such file/);
    await refused(["cfs", "--deb", "--config", text], /this is no configuration of a kernel/);
    await refused(["cfs", "--debs"], /Unknown option '--debs'/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
