import assert from "node:assert/strict";
import { UsageError } from "../../cli/errors.ts";
import { optional, type RawValues, readValues, repeated, required, withDefault } from "../../cli/table.ts";
import { flag, number, path, text } from "../../cli/values.ts";

const TABLE = {
  "pace": withDefault(number({ least: 0, above: true }), "1", ""),
  "out": optional(path("FILE"), ""),
  "quiet": withDefault(flag(), "false", ""),
  "tag": repeated(text("TAG", "a tag"), ""),
} as const;

function raw(place: string, values: Record<string, string[]>): RawValues {
  return new Map(
    Object.entries(values).map((
      [name, texts],
    ) => [name, texts.map((text) => ({ label: `${place} ${name}`, text }))]),
  );
}

Deno.test("readValues() fills in defaults and leaves out what has none", () => {
  assert.deepEqual(readValues("send", TABLE, []), { pace: 1, out: undefined, quiet: false, tag: [] });
});

Deno.test("readValues() takes the strongest place, and all of what repeats", () => {
  const strong = raw("line", { pace: ["2"], tag: ["a", "b"] });
  const weak = raw("file", { pace: ["3"], out: ["o"], quiet: ["true"], tag: ["c"] });
  assert.deepEqual(readValues("send", TABLE, [strong, weak]), {
    pace: 2,
    out: "o",
    quiet: true,
    tag: ["a", "b", "c"],
  });
  assert.equal(readValues("send", TABLE, [raw("line", { quiet: ["false"] }), weak]).quiet, false);
});

Deno.test("readValues() names the place and the option of what is wrong", () => {
  const cases: [Record<string, string[]>, string][] = [
    [{ pace: ["x"] }, "line pace must be a number above 0 (got x)"],
    [{ out: [""] }, "line out must be a path of 1 to 4095 bytes (got nothing)"],
    [{ pace: ["1", "2"] }, "line pace is given 2 times: wanted once"],
  ];
  for (const [values, message] of cases) {
    assert.throws(() => readValues("send", TABLE, [raw("line", values)]), new UsageError(message));
  }
});

Deno.test("readValues() names the command that misses an option", () => {
  const table = { to: required(path("FILE"), "") };
  assert.throws(() => readValues("send", table, [new Map()]), new UsageError("send needs --to FILE"));
  assert.equal(readValues("send", table, [raw("line", { to: ["x"] })]).to, "x");
});
