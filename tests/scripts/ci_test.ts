import assert from "node:assert/strict";
import { countsOf, failuresOf } from "../../scripts/ci.ts";

Deno.test("countsOf() reads the last line, and takes a task that does not fit it for failed", () => {
  assert.deepEqual(countsOf("x\n1 passed, 1 failed\n12 passed, 0 failed\n", true), { passed: 12, failed: 0 });
  assert.deepEqual(countsOf("12 passed, 3 failed\n", false), { passed: 12, failed: 3 });
  assert.deepEqual(countsOf("12 passed, 0 failed\n", false), { passed: 12, failed: 1 });
  assert.deepEqual(countsOf("12 passed, 0 failed\ncrashed\n", true), { passed: 0, failed: 1 });
  assert.deepEqual(countsOf("", true), { passed: 0, failed: 1 });
});

Deno.test("failuresOf() keeps what a task says of its failures, whatever its lines end with", () => {
  assert.deepEqual(failuresOf("test", "fail: a => b\nx\nfail:     Error: 1\r\n0 passed, 1 failed\n", 1), [
    "test: 1 failed",
    "fail: a => b",
    "fail:     Error: 1",
  ]);
  assert.deepEqual(failuresOf("test:vm scx", "crashed\n", 1), ["test:vm scx: 1 failed"]);
  assert.deepEqual(failuresOf("test", "1 passed, 0 failed\n", 0), []);
});
