/** Names as no honest person gives them, and what must be true of everything that shows them. */
import assert from "node:assert/strict";

/** By what they are; each has something in it that must not come out as it is. */
export const HOSTILE_NAMES: Readonly<Record<string, string>> = {
  "a line feed that forges a line of a log": 'fib\n2026-01-01T00:00:00Z fatal alps: "forged"',
  "a carriage return that overwrites the line": "fib\rok    ",
  "colours and a cleared screen": "\x1b[31mfib\x1b[2J\x1b[H",
  "a terminal's title": "\x1b]0;owned\x07fib",
  "control characters of one byte and of two": "a\x01\x08\x7f\x85\x9b31mb",
  "a NUL": "fib\0suffix",
  "text that runs backwards": "fib\u202etxt.exe\u2066\u061c",
  "line and paragraph separators": "a\u2028b\u2029c",
  "half of a pair": "a\ud800b\udc00",
  "a megabyte": `\x1b[1m${"m".repeat(1 << 20)}`,
  "labels of a metric": 'a"} 1\nalps_fake_total{x="',
  "the end of a JSON string": 'x","pid":1}\n{"function":"y',
  "markup": '<img src=x onerror="alert(1)">\n<script>alert(1)</script>',
  "a path": "../\n../../etc/passwd",
};

/** Everything that a terminal or a reader of lines could act on. */
// deno-lint-ignore no-control-regex -- these are what must not be there
const ACTING = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Cs}/u;

/** Longest output for one name: a megabyte in is not a megabyte out. */
const LONGEST = 64 * 1024;

/**
 * Fails where a text that was made from a hostile name could act on what shows it.
 *
 * @param lines how many lines the text has without a hostile name in it
 */
export function assertHarmless(text: string, lines: number | undefined, what: string): void {
  const found = ACTING.exec(text);
  const near = found ? JSON.stringify(text.slice(Math.max(0, found.index - 20), found.index + 20)) : "";
  assert.equal(found, null, `${what} has ${JSON.stringify(found?.[0])} in ${near}`);
  if (lines !== undefined) {
    assert.equal(text.replace(/\n$/, "").split("\n").length, lines, `${what}: ${text.slice(0, 500)}`);
  }
  assert.ok(text.length <= LONGEST, `${what} has ${text.length} characters`);
}
