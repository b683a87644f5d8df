import assert from "node:assert/strict";

Deno.test("what is kept of 100 000 invocations of 10 000 functions stays under 250 MB, the runtime included", async () => {
  const script = new URL("./memory_main.ts", import.meta.url).pathname;
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", script],
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { peakMb, functions, learned, kept, pageLength } = JSON.parse(new TextDecoder().decode(stdout));
  assert.deepEqual([functions, learned, kept], [10_000, 10_000, 10_000]);
  assert.ok(pageLength > 100_000 && pageLength < 5_000_000, `the page has ${pageLength} characters`);
  assert.ok(peakMb < 250, `it took ${Math.round(peakMb)} MB`);
});
