import assert from "node:assert/strict";
import { cString, fromCString } from "../../ffi/memory.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("cString() ends with a NUL and refuses one inside", () => {
  assert.deepEqual([...cString("é")], [0xc3, 0xa9, 0]);
  assert.deepEqual([...cString("")], [0]);
  assert.throws(() => cString("a\0b"), /cannot pass "a\\u0000b" to C: it holds a NUL/);
});

Deno.test("fromCString() stops at the first NUL, or at the end of the array", () => {
  assert.equal(fromCString(encode("abc\0def\0")), "abc");
  assert.equal(fromCString(encode("abc")), "abc");
  assert.equal(fromCString(encode("\0abc")), "");
  assert.equal(fromCString(new Uint8Array(0)), "");
});

Deno.test("fromCString() shows what is no UTF-8 as U+FFFD", () => {
  assert.equal(fromCString(new Uint8Array([0x61, 0xff, 0x62, 0])), "a\ufffdb");
  // The kernel cuts names at 15 bytes, in the middle of a character if need be.
  assert.equal(fromCString(new Uint8Array([0x61, 0xc3, 0])), "a\ufffd");
});

Deno.test("fromCString() keeps a byte order mark: another name must not pass for one without", () => {
  assert.equal(fromCString(new Uint8Array([0xef, 0xbb, 0xbf, 0x61, 0])), "\ufeffa");
});
