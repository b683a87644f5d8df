import assert from "node:assert/strict";
import type { InvocationEntry } from "../../api/agent_view.ts";
import { History, invocationEntry } from "../../core/history.ts";

function entry(pid: number, name = "f"): InvocationEntry {
  const invocation = {
    functionId: 4,
    pid,
    kind: "process",
    startNs: 1_000_000,
    endNs: 9_000_600,
    cpuNs: 2_000_400,
    waitNs: 3_000_500,
    firstRunNs: 1_000_100,
    preemptions: 2,
  } as const;
  return invocationEntry(invocation, name, (ns) => `at ${ns}`);
}

/** Pids of entries. */
const pids = (entries: InvocationEntry[]) => entries.map(({ pid }) => pid);

/** Fails where something could not be written. */
const never = (error: unknown) => assert.fail(String(error));

Deno.test("invocationEntry() shows times in microseconds, the execution from the first run on", () => {
  assert.deepEqual(entry(7), {
    function: "f",
    function_id: "4",
    pid: 7,
    kind: "process",
    start: "at 1000000",
    end: "at 9000600",
    cpu_us: 2000,
    wait_us: 3001,
    turnaround_us: 8001,
    execution_us: 7001,
    preemptions: 2,
  });
});

Deno.test("History.latest() gives the newest first, as many as were asked for", () => {
  using history = new History(undefined, never);
  assert.deepEqual(history.latest(5), []);
  history.add([entry(1), entry(2)]);
  history.add([entry(3)]);
  assert.deepEqual(pids(history.latest(2)), [3, 2]);
  assert.deepEqual(pids(history.latest(100)), [3, 2, 1]);
  assert.deepEqual(history.latest(0), []);
});

Deno.test("History.latest() of one function passes over the others", () => {
  using history = new History(undefined, never);
  history.add([entry(1, "a"), entry(2, "b"), entry(3, "a"), entry(4, "b")]);
  assert.deepEqual(pids(history.latest(10, "a")), [3, 1]);
  assert.deepEqual(pids(history.latest(1, "b")), [4]);
  assert.deepEqual(history.latest(10, "__proto__"), []);
});

Deno.test("History keeps the latest 10 000, across the end of its ring too", () => {
  using history = new History(undefined, never);
  for (let pid = 1; pid <= 10_000; pid++) history.add([entry(pid)]);
  assert.equal(history.latest(1e6).at(-1)?.pid, 1);
  history.add([entry(10_001), entry(10_002)]);
  const all = pids(history.latest(1e6));
  assert.deepEqual([all.length, all[0], all.at(-1)], [10_000, 10_002, 3]);
  assert.ok(all.every((pid, i) => pid === 10_002 - i), "newest first without a gap");
  history.add(Array.from({ length: 25_000 }, (_, i) => entry(20_000 + i)));
  assert.deepEqual(pids(history.latest(2)), [44_999, 44_998]);
});

Deno.test("History writes every entry to its file, one JSON object per line, and starts the file anew", () => {
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, "what an agent before wrote\n".repeat(100));
    {
      using history = new History(path, never);
      history.add([entry(1, 'a"b\nc'), entry(2)]);
      history.add([]);
      history.add([entry(3)]);
      const lines = Deno.readTextFileSync(path).split("\n");
      assert.equal(lines.pop(), "");
      assert.deepEqual(lines.map((line) => JSON.parse(line)), history.latest(10).toReversed());
    }
    const descriptors = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${name}`);
      } catch {
        return ""; // the one that lists them
      }
    });
    assert.ok(!descriptors.includes(path), "the file is closed");
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("History tells of a full disk once, and keeps the entries in memory", () => {
  const errors: unknown[] = [];
  using history = new History("/dev/full", (error) => errors.push(error));
  history.add([entry(1)]);
  history.add([entry(2)]);
  assert.equal(errors.length, 1);
  assert.match(String(errors[0]), /No space left on device/);
  assert.deepEqual(pids(history.latest(10)), [2, 1]);
});

Deno.test("History says which file it cannot write", () => {
  for (const path of ["/no/such/folder/file", "/"]) {
    assert.throws(() => new History(path, never), (error) => {
      assert.ok(error instanceof Error);
      assert.match(error.message, new RegExp(`^cannot write ${path}: [^\n]+$`));
      return true;
    });
  }
});
