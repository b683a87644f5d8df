import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

Deno.test("the example in simulate()'s documentation runs", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--doc", "--quiet", "-A", "simulate/policies.ts"],
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assert.ok(success, text.decode(stdout) + text.decode(stderr));
  assert.match(text.decode(stdout), /1 passed/);
});
