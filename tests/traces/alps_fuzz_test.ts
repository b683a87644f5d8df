/** Generated traces: read, or refused with the line that is wrong. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseTrace, TraceError, type TraceRow, writeTrace } from "../../traces/alps.ts";
import { anyText, mostly, often } from "../fuzz.ts";

function read(text: string): TraceRow[] | undefined {
  try {
    return parseTrace(text);
  } catch (error) {
    assert.ok(error instanceof TraceError, String(error));
    assert.ok(error.line >= 1 && error.line <= text.split("\n").length, error.message);
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    return undefined;
  }
}

const fields = fc.tuple(
  mostly(fc.nat().map(String), anyText),
  mostly(fc.nat(100).map(String), anyText),
  mostly(fc.constantFrom("fib", "graph_mst", "a.b-c"), anyText),
  mostly(fc.oneof(fc.nat(1e6).map(String), fc.integer({ min: 0, max: 999 }).map((n) => `1.${n}`)), anyText),
  mostly(
    fc.integer({ min: 5000, max: 65_535 }).map(String),
    fc.oneof(anyText, fc.constantFrom("4999", "65536")),
  ),
).map((parts) => parts.join(" "));

Deno.test("parseTrace() reads any lines or says which is wrong, and writeTrace() writes what was read", () =>
  often(fc.property(
    fc.array(fields, { maxLength: 5 }),
    fc.constantFrom("\n", "\r\n", "\n\n"),
    (lines, ending) => {
      const rows = read(lines.join(ending) + ending);
      if (!rows) return;
      assert.deepEqual(parseTrace(writeTrace(rows)), rows);
    },
  )));

Deno.test("parseTrace() reads any text or says which line is wrong", () =>
  often(fc.property(anyText, (text) => void read(text))));
