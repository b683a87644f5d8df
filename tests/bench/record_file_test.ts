import assert from "node:assert/strict";
import { join } from "node:path";
import { readRecord } from "../../bench/record_file.ts";
import type { SentRequest } from "../../bench/replay.ts";

const request: SentRequest = {
  row: { id: 1, n: 1, job: "fib", function: "fib-1", dueMs: 0 },
  dueMs: Date.parse("2026-01-31T12:00:00Z"),
  sentMs: Date.parse("2026-01-31T12:00:00Z"),
  answeredMs: Date.parse("2026-01-31T12:00:01Z"),
  status: 200,
  pid: 10,
  cpuMs: 1,
  error: undefined,
};
const entry = {
  function: "fib-1",
  pid: 10,
  start: "2026-01-31T12:00:00.000100Z",
  end: "2026-01-31T12:00:00.900000Z",
  cpu_us: 1000,
  execution_us: 1000,
};

Deno.test("readRecord() waits for records that are still to come", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "record");
    const line = JSON.stringify(entry) + "\n";
    await Deno.writeTextFile(path, line.slice(0, 30));
    const reading = readRecord(path, [request]);
    setTimeout(() => Deno.writeTextFileSync(path, line.slice(30), { append: true }), 120);
    assert.deepEqual(await reading, [entry]);
    // A request that failed has none to wait for.
    await Deno.writeTextFile(path, "");
    assert.deepEqual(await readRecord(path, [{ ...request, error: "status 500" }]), []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("readRecord() names a file that it cannot read", async () => {
  await assert.rejects(
    readRecord("/nowhere/record", [request]),
    /cannot read the record of invocations "\/nowhere\/record"/,
  );
});
