import assert from "node:assert/strict";
import { ROOT } from "../../../scripts/paths.ts";

Deno.test("the kernel task refuses names that it does not have, and lists what it has", async () => {
  for (const args of [[], ["cfs-none"], ["scx", "scx"]]) {
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "kernel/build/main.ts", ...args],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stderr);
    assert.equal(code, 2, text);
    assert.match(text, /kernel needs one name: must be scx, scx-latest/);
  }
});

Deno.test("the kernel task makes packages of the patched kernel alone, and of a configuration", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const text = `${folder}/text`;
    await Deno.writeTextFile(text, "no configuration\n");
    const cases: [args: string[], message: RegExp][] = [
      [["cfs", "--deb"], /--deb needs --config FILE/],
      [["scx", "--deb", "--config", text], /--deb is for cfs/],
      [["cfs", "--config", text], /--config and --out are for --deb/],
      [["cfs", "--deb", "--config", `${folder}/none`], /cannot read --config .*: no such file/],
      [["cfs", "--deb", "--config", text], /this is no configuration of a kernel/],
      [["cfs", "--debs"], /Unknown option '--debs'/],
    ];
    for (const [args, message] of cases) {
      const { code, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "kernel/build/main.ts", ...args],
        cwd: ROOT,
        env: { NO_COLOR: "1" },
      }).output();
      const text = new TextDecoder().decode(stderr);
      assert.equal(code, 2, text);
      assert.match(text, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
