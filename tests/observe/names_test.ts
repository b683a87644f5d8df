import assert from "node:assert/strict";
import { MAX_NAME_BYTES, nameProblem, shown } from "../../observe/names.ts";

Deno.test("nameProblem() accepts what people call functions", () => {
  for (
    const name of ["fib-18", "ns/foo:latest", "Fußgänger", "関数", "a b", "x=y", "👍", "...", "-", "%2e"]
  ) {
    assert.equal(nameProblem(name), undefined, name);
  }
});

Deno.test("nameProblem() counts bytes of UTF-8, not characters", () => {
  assert.equal(nameProblem("a".repeat(MAX_NAME_BYTES)), undefined);
  assert.match(nameProblem("a".repeat(MAX_NAME_BYTES + 1)) ?? "", /longer than 255 bytes/);
  assert.equal(nameProblem("ü".repeat(127)), undefined);
  assert.match(nameProblem("ü".repeat(128)) ?? "", /longer than 255 bytes/);
  assert.match(nameProblem("x".repeat(10_000_000)) ?? "", /longer/);
});

Deno.test("nameProblem() refuses what could deceive a reader or a URL", () => {
  assert.match(nameProblem("") ?? "", /empty/);
  for (const name of ["a\nb", "a\x1b[2Jb", "a\0b", "\x7f", "a\x85b", "a\u2028b", "abc\u202ecba"]) {
    assert.match(nameProblem(name) ?? "", /control character/, JSON.stringify(name));
  }
  for (const name of ["a\ud800", "\udc00", "\ufffd"]) {
    assert.match(nameProblem(name) ?? "", /not valid UTF-8/);
  }
  for (const name of [".", ".."]) assert.match(nameProblem(name) ?? "", /no URL/);
});

Deno.test("shown() leaves plain text alone and makes any text one harmless line", () => {
  assert.equal(shown("exe:/a/{function}"), "exe:/a/{function}");
  assert.equal(shown("a\nb\x1b[2J"), "a\\u000ab\\u001b[2J");
  assert.equal(shown("\u202e"), "\\u202e");
  assert.equal(shown("\ud800"), "\\ud800");
  assert.equal(shown("👍"), "👍");
  const long = shown("x".repeat(5000));
  assert.ok(long.length < 130 && long.endsWith("…"), long);
  assert.ok(shown("👍".repeat(200)).isWellFormed());
});
