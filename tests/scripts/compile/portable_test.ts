import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { packParts, portableFile } from "../../../scripts/compile/portable.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("packParts() writes name, size and contents of each part", () => {
  const packed = packParts([{ name: "a", contents: bytes("one") }, { name: "b/c", contents: bytes("") }]);
  const view = new DataView(packed.buffer), text = new TextDecoder();
  assert.equal(packed.length, 64 + 3 + 64);
  assert.equal(text.decode(packed.subarray(0, 56)).replaceAll("\0", ""), "a");
  assert.equal(view.getBigUint64(56, true), 3n);
  assert.equal(text.decode(packed.subarray(64, 67)), "one");
  assert.equal(text.decode(packed.subarray(67, 67 + 56)).replaceAll("\0", ""), "b/c");
  assert.equal(view.getBigUint64(67 + 56, true), 0n);
});

Deno.test("packParts() takes no name that the launcher could not hold or hand over", () => {
  for (const name of ["x".repeat(56), "a,b", "a=b"]) {
    assert.throws(() => packParts([{ name, contents: bytes("") }]), /cannot name a part/);
  }
});

Deno.test("portableFile() ends with where the payload is and a SHA-256 of everything before it", () => {
  const file = portableFile(bytes("launcher"), [bytes("pay"), bytes("load")]);
  const trailer = new DataView(file.buffer, file.length - 56);
  assert.equal(new TextDecoder().decode(file.subarray(0, 23)), "launcherpayloadALPS-ONE");
  assert.deepEqual([trailer.getBigUint64(8, true), trailer.getBigUint64(16, true)], [8n, 7n]);
  const digest = createHash("sha256").update(file.subarray(0, -32)).digest();
  assert.deepEqual([...file.subarray(-32)], [...digest]);
});
