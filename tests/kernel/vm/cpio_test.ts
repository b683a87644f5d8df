import assert from "node:assert/strict";
import { cpioArchive } from "../../../kernel/vm/cpio.ts";

/** What an archive holds, read by the format's own rules. */
function entries(archive: Uint8Array): { path: string; mode: number; text: string }[] {
  const text = (from: number, length: number) =>
    new TextDecoder().decode(archive.subarray(from, from + length));
  const found: { path: string; mode: number; text: string }[] = [];
  for (let at = 0;;) {
    assert.equal(text(at, 6), "070701", `a header at ${at}`);
    assert.equal(at % 4, 0, "headers begin at multiples of four");
    const field = (i: number) => parseInt(text(at + 6 + 8 * i, 8), 16);
    const mode = field(1), size = field(6), nameSize = field(11);
    const path = text(at + 110, nameSize - 1);
    const data = at + 4 * Math.ceil((110 + nameSize) / 4);
    if (path === "TRAILER!!!") {
      assert.equal(data, archive.length, "nothing follows the end");
      return found;
    }
    found.push({ path, mode, text: text(data, size) });
    at = data + 4 * Math.ceil(size / 4);
  }
}

Deno.test("cpioArchive() holds folders and files with their contents, whatever their lengths", () => {
  const archive = cpioArchive([
    { path: "bin", kind: "folder" },
    { path: "bin/sh", kind: "file", content: "a".repeat(5), executable: true },
    { path: "e", kind: "file", content: "" },
    { path: "ü", kind: "file", content: new TextEncoder().encode("äöü") },
  ]);
  assert.deepEqual(entries(archive), [
    { path: "bin", mode: 0o040755, text: "" },
    { path: "bin/sh", mode: 0o100755, text: "aaaaa" },
    { path: "e", mode: 0o100644, text: "" },
    { path: "ü", mode: 0o100644, text: "äöü" },
  ]);
});
