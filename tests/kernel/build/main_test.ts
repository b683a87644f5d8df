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
