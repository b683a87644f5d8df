import assert from "node:assert/strict";
import { nearest } from "../../cli/nearest.ts";

Deno.test("nearest() finds what was meant, whatever the dashes", () => {
  const words = ["--alpha", "--beta", "--exp_result", "--ml"];
  assert.equal(nearest("--alhpa", words), "--alpha");
  assert.equal(nearest("-alpha", words), "--alpha");
  assert.equal(nearest("--exp-result", words), "--exp_result");
  assert.equal(nearest("--m", words), "--ml");
});

Deno.test("nearest() finds nothing where nothing is near", () => {
  assert.equal(nearest("--gamma", ["--alpha", "--ml"]), undefined);
  assert.equal(nearest("--xy", ["--ml"]), undefined);
  assert.equal(nearest("x".repeat(1_000_000), ["--ml"]), undefined);
  assert.equal(nearest("--ml", []), undefined);
});
