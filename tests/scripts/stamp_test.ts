import assert from "node:assert/strict";
import { join } from "node:path";
import { isFresh, sha256, stampKey, writeStamp } from "../../scripts/stamp.ts";

Deno.test("sha256() gives the published digest of abc", () => {
  const wanted = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.equal(sha256("abc"), wanted);
  assert.equal(sha256(new TextEncoder().encode("abc")), wanted);
});

Deno.test("stampKey() changes with a part, their order and their bounds", () => {
  const keys = [["a", "b"], ["b", "a"], ["ab"], ["a", "b", ""], ["a", "c"]].map(stampKey);
  assert.equal(new Set(keys).size, keys.length);
  assert.equal(stampKey(["a", "b"]), keys[0]);
});

Deno.test("isFresh() wants the same key and every product", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const stamp = join(folder, "stamp");
    const product = join(folder, "product");
    assert.equal(isFresh(stamp, "k", []), false, "no stamp yet");
    await writeStamp(stamp, "k");
    assert.equal(isFresh(stamp, "k", [product]), false, "product missing");
    await Deno.writeTextFile(product, "");
    assert.equal(isFresh(stamp, "k", [product]), true);
    assert.equal(isFresh(stamp, "other", [product]), false, "made from something else");
    assert.equal(isFresh(stamp, "k", [product, folder]), false, "a folder is no product");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
