import assert from "node:assert/strict";
import { builtLayoutSource } from "../../scripts/layout.ts";

Deno.test("ffi/layout.ts matches the built object (else: run deno run -A scripts/layout.ts)", () => {
  const written = Deno.readTextFileSync(new URL("../../ffi/layout.ts", import.meta.url));
  assert.equal(written, builtLayoutSource(), "run deno run -A scripts/layout.ts");
});
