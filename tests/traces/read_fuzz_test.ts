/** Generated files of every format: read, or refused with the file, the line and what is wrong there. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { parseTrace, writeTrace } from "../../traces/alps.ts";
import { TraceError } from "../../traces/error.ts";
import { TRACE_FORMATS } from "../../traces/formats.ts";
import { type ReadOptions, readTrace } from "../../traces/read.ts";
import { Replayable } from "../../traces/replayable.ts";
import { memorySource, type Source } from "../../traces/source.ts";
import { anyText, fieldValue, mostly, often } from "../fuzz.ts";

const encoder = new TextEncoder();

/** Reads to the end; what is read can be replayed, what is refused is refused in one line that says where. */
async function read(source: Source, lines: number, options: ReadOptions): Promise<void> {
  try {
    const replayable = new Replayable();
    const rows = [];
    let lastMs = 0;
    for await (const entry of readTrace(source, { limit: 2000, ...options })) {
      assert.ok(entry.dueMs >= lastMs && entry.dueMs < Infinity, JSON.stringify(entry));
      assert.ok(
        entry.call !== undefined || (entry.cpuMs! >= 0 && entry.cpuMs! < Infinity),
        JSON.stringify(entry),
      );
      assert.ok(entry.function !== "");
      lastMs = entry.dueMs;
      rows.push(replayable.row(entry));
    }
    assert.equal(parseTrace(writeTrace(rows)).length, rows.length);
  } catch (error) {
    assert.ok(error instanceof TraceError, (error as Error).stack);
    assert.match(error.message, /^cannot read line \d+ of "(fuzz|durations)": ./);
    assert.ok(error.line >= 1 && error.line <= lines + 1, `${error.message} (${lines} lines)`);
    assert.doesNotMatch(error.message, /\p{Cc}|NaN ms|undefined/u);
    assert.ok(error.message.length < 2500, error.message);
  }
}

/** A file in memory, in chunks of a few bytes or all at once. */
function sourceOf(name: string, text: string, chunkBytes = 5): Source {
  return memorySource(name, encoder.encode(text), chunkBytes);
}

const chunkBytes = fc.constantFrom(1, 13, 4096);
const numbers = fc.oneof(
  fc.integer({ min: -1, max: 2000 }).map(String),
  fc.double({ min: 0, max: 1e6, noNaN: true }).map(String),
  fc.constantFrom("1e-05", "1e400", "-0", "", " 1", "NaN", "Infinity", "0x10", "9".repeat(30), "4e9", '"7"'),
);
const fields = mostly(mostly(fc.constantFrom("a", "b", '"a,b"', "pool-1-2"), numbers), anyText);
const formats = fc.option(fc.constantFrom(...TRACE_FORMATS), { nil: undefined });

const PERCENTILES = [0, 1, 25, 50, 75, 99, 100];
const HASHES = ["HashOwner", "HashApp", "HashFunction"];
const COLUMNS = {
  "azure-2021": ["app", "func", "end_timestamp", "duration"],
  "huawei-2025": ["time_worker", "funcName", "podID", "userID", "totalCost_worker", "runtimeCost", "x"],
  "azure-2019": [...HASHES, "Trigger", "1", "2", "3"],
  durations: [...HASHES, ...PERCENTILES.map((percent) => `percentile_Average_${percent}`)],
};

/** A table of a format: its columns, mostly, and rows of text and numbers where they belong, mostly. */
function table(columns: readonly string[]): fc.Arbitrary<string> {
  const row = fc.tuple(...columns.map((column) => {
    const texts = /Hash|app|func|ID|Trigger|^x$/.test(column);
    const right = texts ? fc.constantFrom("a", "b", '"a,b"') : fc.nat(500).map(String);
    return fc.oneof({ weight: 40, arbitrary: right }, { weight: 1, arbitrary: fields });
  })).map((parts) => parts.join(","));
  const header = fc.oneof(
    { weight: 8, arbitrary: fc.constant(columns) },
    { weight: 1, arbitrary: fc.shuffledSubarray([...columns]) },
  ).map((names) => names.join(","));
  const rows = fc.array(fc.oneof({ weight: 20, arbitrary: row }, { weight: 1, arbitrary: anyText }), {
    maxLength: 8,
  });
  return fc.tuple(header, rows, fc.constantFrom("\n", "\r\n"), fc.boolean()).map((
    [first, others, ending, last],
  ) => [first, ...others].join(ending) + (last ? ending : ""));
}

/** A carriage return alone counts as a line's end too. */
const lineCount = (...texts: string[]) => Math.max(...texts.map((text) => text.split(/\r?\n|\r/).length));

const rightDurations = sourceOf(
  "durations",
  `${COLUMNS.durations.join(",")}\na,a,a,1,2,3,4,5,6,7\na,b,a,0,0,0,0,0,0,1e3\n`,
);

for (const format of ["azure-2021", "huawei-2025", "azure-2019"] as const) {
  Deno.test(`readTrace() reads any table like ${format} or says what is wrong with it, and where`, () =>
    often(
      fc.asyncProperty(
        table(COLUMNS[format]),
        chunkBytes,
        formats,
        (text, bytes, given) =>
          read(sourceOf("fuzz", text, bytes), lineCount(text), {
            format: given === undefined ? undefined : format,
            durations: rightDurations,
          }),
      ),
    ));
}

Deno.test("readTrace() reads any table of durations or says what is wrong with it, and where", () =>
  often(
    fc.asyncProperty(table(COLUMNS["azure-2019"]), table(COLUMNS.durations), (text, durations) =>
      read(sourceOf("fuzz", text), lineCount(text, durations), {
        durations: sourceOf("durations", durations),
      })),
  ));

Deno.test("readTrace() reads any record of the agent's or says what is wrong with it, and where", () => {
  const entry = fc.record({
    function: mostly(fc.constantFrom("fib", "a b"), fieldValue),
    start: mostly(
      fc.constantFrom("2026-01-31T12:00:00.000001Z", "1999-01-31T12:00:01-01:00", "0001-01-01T00:00:00Z"),
      fieldValue,
    ),
    cpu_us: mostly(fc.nat(1e6), fieldValue),
  }, { requiredKeys: [] }).map((members) => JSON.stringify(members));

  const line = mostly(entry, fc.oneof(anyText, fc.json()));
  return often(fc.asyncProperty(fc.array(line, { maxLength: 6 }), chunkBytes, (lines, bytes) => {
    const text = lines.join("\n") + "\n";
    return read(sourceOf("fuzz", text, bytes), lineCount(text), { format: "exp-result" });
  }));
});

Deno.test("readTrace() reads any bytes as any format or says what is wrong with them, and where", () =>
  often(fc.asyncProperty(
    fc.oneof(anyText.map((text) => encoder.encode(text)), fc.uint8Array({ maxLength: 60 })),
    formats,
    (bytes, format) => {
      const lines = lineCount(new TextDecoder().decode(bytes));
      return read(memorySource("fuzz", bytes, 3), lines, { format, durations: rightDurations });
    },
  )));
