import assert from "node:assert/strict";
import { joinRecords, measure, parseRecord, RecordError } from "../../bench/join.ts";
import type { Replay, SentRequest } from "../../bench/replay.ts";

const BEGIN_MS = Date.parse("2026-01-31T12:00:00Z");

function sent(
  id: number,
  atMs: number,
  pid: number | undefined,
  answeredAtMs: number | undefined,
): SentRequest {
  return {
    row: { id, n: 31, job: "fib", function: "fib-18", dueMs: atMs },
    dueMs: BEGIN_MS + atMs,
    sentMs: BEGIN_MS + atMs + 1,
    answeredMs: answeredAtMs === undefined ? undefined : BEGIN_MS + answeredAtMs,
    status: answeredAtMs === undefined ? undefined : 200,
    pid,
    cpuMs: 4,
    error: answeredAtMs === undefined ? "no answer" : undefined,
  };
}

function entry(pid: number, startMs: number, endMs: number, cpuUs = 3000) {
  const time = (ms: number) => new Date(BEGIN_MS + Math.floor(ms)).toISOString().replace("Z", "250Z");
  return {
    function: "fib-18",
    pid,
    start: time(startMs),
    end: time(endMs),
    cpu_us: cpuUs,
    execution_us: 4000,
  };
}

function replayOf(requests: SentRequest[]): Replay {
  return { requests, startMs: BEGIN_MS, wallMs: 0, latenessMs: { p50: 0, p99: 0 }, clientCpuMs: 0 };
}

Deno.test("joinRecords() finds each request's record by process id", () => {
  const requests = [sent(1, 0, 10, 20), sent(2, 5, 11, 30)];
  const joined = joinRecords(requests, [entry(11, 7, 28), entry(10, 2, 18)]);
  assert.deepEqual(joined.map(({ request, entry }) => [request.row.id, entry?.pid]), [[1, 10], [2, 11]]);
});

Deno.test("joinRecords() tells invocations with the same process id apart by their time", () => {
  const requests = [sent(1, 0, 10, 20), sent(2, 60_000, 10, 60_020)];
  const [first, second] = [entry(10, 2, 18), entry(10, 60_002, 60_018)];
  for (const entries of [[first, second], [second, first]]) {
    const joined = joinRecords(requests, entries);
    assert.deepEqual(joined.map(({ entry }) => entry), [first, second]);
  }
  // Only one of both was recorded: the other one's record is not borrowed.
  assert.deepEqual(joinRecords(requests, [first]).map(({ entry }) => entry), [first, undefined]);
  assert.deepEqual(joinRecords(requests, [second]).map(({ entry }) => entry), [undefined, second]);
});

Deno.test("joinRecords() ignores what the process id was before the request", () => {
  const before = entry(10, -5000, -4990), own = entry(10, 3, 18);
  assert.equal(joinRecords([sent(1, 0, 10, 20)], [before])[0]!.entry, undefined);
  assert.equal(joinRecords([sent(1, 0, 10, 20)], [own, before])[0]!.entry, own);
});

Deno.test("joinRecords() gives no record to two requests, and none to one without an answer", () => {
  const joined = joinRecords([sent(1, 0, 10, 20), sent(2, 1, 10, 20), sent(3, 0, 12, undefined)], [
    entry(10, 2, 18),
    entry(12, 2, 18),
  ]);
  assert.equal(joined.filter(({ entry }) => entry !== undefined).length, 1);
  assert.equal(joined[2]!.entry, undefined);
});

Deno.test("joinRecords() tells the requests of a warm instance apart, and lets those share a record that are in one", () => {
  const requests = [sent(1, 0, 10, 20), sent(2, 40, 10, 60), sent(3, 62, 10, 80), sent(4, 200, 10, 220)];
  const warm = (startMs: number, endMs: number) => ({ ...entry(10, startMs, endMs), kind: "warm" as const });
  const [first, both, other] = [warm(2, 18), warm(42, 79), { ...warm(202, 218), pid: 11 }];
  const joined = joinRecords(requests, [first, both, other]);
  assert.deepEqual(joined.map(({ entry }) => entry), [first, both, both, undefined]);
  assert.deepEqual(joined.map(({ shared }) => shared ?? false), [false, false, true, false]);
  // Records of processes are never shared.
  const processes = [first, both].map(({ kind: _, ...entry }) => entry);
  assert.equal(joinRecords(requests, processes).filter(({ entry }) => entry).length, 2);
});

Deno.test("measure() ends a warm invocation with its answer where its instance went on after it", () => {
  const warm = { ...entry(10, 2, 79, 9000), kind: "warm" as const };
  const { measured, unrecorded } = measure(replayOf([sent(1, 0, 10, 20), sent(2, 30, 10, 90)]), [warm]);
  assert.equal(unrecorded, 0);
  assert.deepEqual(measured.map(({ cpuMs }) => cpuMs), [4, 4], "as the host says");
  assert.ok(Math.abs(measured[0]!.endMs - 20) < 0.001, String(measured[0]!.endMs));
  assert.ok(Math.abs(measured[1]!.endMs - 79.25) < 0.001, String(measured[1]!.endMs));
});

Deno.test("measure() takes turnaround from due to the end in the record, to the microsecond", () => {
  const { measured, failed, unrecorded } = measure(replayOf([sent(1, 100, 10, 130)]), [entry(10, 102, 120)]);
  assert.equal(measured[0]!.dueMs, 100);
  assert.ok(Math.abs(measured[0]!.endMs - 120.25) < 0.001, String(measured[0]!.endMs));
  assert.equal(measured[0]!.cpuMs, 3);
  assert.equal(measured[0]!.executionMs, 4);
  assert.deepEqual([failed, unrecorded, measured[0]!.failed], [0, 0, false]);
});

Deno.test("measure() counts failed and unrecorded invocations, and both as failed", () => {
  const requests = [sent(1, 0, 10, 20), sent(2, 0, 11, undefined), sent(3, 1, 12, 20)];
  const { measured, failed, unrecorded } = measure(replayOf(requests), [entry(10, 2, 18)]);
  assert.deepEqual([failed, unrecorded], [1, 1]);
  assert.deepEqual(measured.map((row) => row.failed), [false, true, true]);
});

Deno.test("measure() takes the answer for the end of what was over before the agent knew its function", () => {
  const requests = [sent(1, 0, 10, 20), sent(2, 50, 11, 70), sent(3, 100, 12, 120)];
  const { measured, unrecorded, firstSights } = measure(replayOf(requests), [entry(11, 52, 68)]);
  // The third came when the function was known: there is no excuse.
  assert.deepEqual([firstSights, unrecorded], [1, 1]);
  assert.deepEqual(measured.map((row) => row.failed), [false, false, true]);
  assert.ok(Math.abs(measured[0]!.endMs - 20) < 0.001);
  assert.equal(measured[0]!.cpuMs, 4);
  // A function of which nothing is in the record is not found by the agent's rules.
  assert.equal(measure(replayOf(requests), []).unrecorded, 3);
});

Deno.test("measure() takes the answer for the end where there is no record", () => {
  const { measured, failed, unrecorded } = measure(
    replayOf([sent(1, 100, undefined, 130), sent(2, 100, 11, undefined)]),
    undefined,
    2,
  );
  assert.deepEqual([failed, unrecorded], [1, 0]);
  // At twice the speed it was due at 50; 30 ms later it was answered.
  assert.equal(measured[0]!.dueMs, 50);
  assert.ok(Math.abs(measured[0]!.endMs - 80) < 0.001);
  assert.equal(measured[0]!.cpuMs, 4);
  assert.ok(Math.abs(measured[0]!.executionMs - 29) < 0.001);
});

Deno.test("parseRecord() reads whole lines and leaves a half-written one", () => {
  const line = JSON.stringify({ ...entry(10, 2, 18), kind: "process", wait_us: 1 });
  assert.deepEqual(parseRecord(`${line}\n${line.slice(0, 40)}`), [entry(10, 2, 18)]);
  const warm = { ...entry(10, 2, 18), kind: "warm" as const };
  assert.deepEqual(parseRecord(`${JSON.stringify(warm)}\n`), [warm]);
  assert.deepEqual(parseRecord(""), []);
});

Deno.test("parseRecord() names a line that is no record", () => {
  const line = JSON.stringify(entry(10, 2, 18));
  const broken = ["{}", "null", "x", line.replace("2026", "20x6"), line.replace("3000", '"3000"')];
  for (const each of broken) {
    assert.throws(
      () => parseRecord(`${line}\n${each}\n`),
      (error) => error instanceof RecordError && /line 2/.test(error.message),
    );
  }
});
