import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const FILES = [
  "learn/learner.ts",
  "learn/predict/mod.ts",
  "simulate/policies.ts",
  "simulate/whatif.ts",
  "traces/read.ts",
];

Deno.test("the examples in the library's documentation run: one for each part", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "--doc", "--quiet", "-A", ...FILES],
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  assert.ok(success, text.decode(stdout) + text.decode(stderr));
  assert.match(text.decode(stdout), new RegExp(`${FILES.length} passed`));
});
