import assert from "node:assert/strict";
import { parseTrace, TraceError, type TraceRow, writeTrace } from "../../traces/alps.ts";

Deno.test("parseTrace() reads the published format, CR LF and empty last lines included", () => {
  assert.deepEqual(parseTrace("1 31 fib 34 5018\r\n2 8 graphPagerank 17 5010\r\n\r\n\n"), [
    { id: 1, n: 31, job: "fib", function: "fib-18", dueMs: 34 },
    { id: 2, n: 8, job: "graphPagerank", function: "graphPagerank-10", dueMs: 51 },
  ]);
  assert.deepEqual(parseTrace(""), []);
});

Deno.test("parseTrace() adds up fractions of milliseconds exactly", () => {
  const rows = parseTrace("1 1 fib 0.1 5002\n".repeat(1000));
  assert.equal(rows[999]!.dueMs, 100);
});

Deno.test("parseTrace() names the broken line and what is wrong with it", () => {
  const good = "1 31 fib 34 5018\n";
  const cases: [string, RegExp][] = [
    ["1 31 fib 34", /line 2 .*it has 4 fields, wanted 5: "id n job inter-arrival_ms port"/],
    ["nonsense", /line 2 .*it has 1 field, wanted 5/],
    ["x 31 fib 34 5018", /id is "x", wanted a whole number/],
    ["1 -3 fib 34 5018", /n is "-3", wanted a whole number/],
    ["1 99999999999999999999 fib 34 5018", /n is "9{20}", wanted/],
    ["1 31 ../fib 34 5018", /job is "\.\.\/fib", wanted a name/],
    ["1 31 fib -1 5018", /inter-arrival_ms is "-1", wanted milliseconds/],
    ["1 31 fib NaN 5018", /inter-arrival_ms is "NaN"/],
    ["1 31 fib 34 4999", /port is "4999", wanted 5000 to 65535/],
    ["1 31 fib 34 70000", /port is "70000", wanted 5000 to 65535/],
    [`1 31 ${"\x1b".repeat(99)} 34 5018`, /job is "(\\u001b){40}…", wanted/],
  ];
  for (const [line, message] of cases) {
    assert.throws(() => parseTrace(good + line + "\n" + good), (error: Error) => {
      assert.ok(error instanceof TraceError);
      assert.equal(error.line, 2);
      assert.match(error.message, message);
      return true;
    });
  }
  assert.throws(() => parseTrace(`${good}\n${good}`), /line 2 of the trace: it is empty/);
});

Deno.test("writeTrace() writes what parseTrace() reads", () => {
  const rows: TraceRow[] = [
    { id: 1, n: 31, job: "fib", function: "fib-18", dueMs: 0 },
    { id: 2, n: 1, job: "feature-x", function: "feature-x-14", dueMs: 20.125 },
    { id: 3, n: 1, job: "fib", function: "fib-2", dueMs: 20.125 },
  ];
  assert.equal(writeTrace(rows), "1 31 fib 0 5018\n2 1 feature-x 20.125 5014\n3 1 fib 0 5002\n");
  assert.deepEqual(parseTrace(writeTrace(rows)), rows);
});

Deno.test("writeTrace() refuses rows that the format cannot hold", () => {
  const row = { id: 1, n: 31, job: "fib", function: "fib-18", dueMs: 5 };
  assert.throws(() => writeTrace([{ ...row, function: "fib" }]), /"fib": must be named <job>-<number>/);
  assert.throws(() => writeTrace([{ ...row, function: "bfs-3" }]), /must be named/);
  assert.throws(() => writeTrace([row, { ...row, dueMs: 4 }]), /due at 4 ms: must not be before/);
  assert.throws(() => writeTrace([{ ...row, dueMs: NaN }]), /due at NaN ms/);
});
