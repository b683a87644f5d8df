import assert from "node:assert/strict";
import { type Judged, unusable, worthRepeating } from "../../../bench/evaluation/usable.ts";

/** A run whose invocations take `cpuMs` each. */
function run(name: string, cpuMs: number, more: Partial<Judged> = {}): Judged {
  const measured = [1, 2, 3].map((dueMs) => ({
    function: "f",
    dueMs,
    endMs: dueMs + 2 * cpuMs,
    cpuMs,
    executionMs: cpuMs,
    failed: false,
  }));
  return { name, measured, scheduled: { host: "FIFO 20" }, problems: [], ...more };
}

Deno.test("unusable() lets demand differ from the default's by 3 percent", () => {
  assert.equal(unusable([run("default", 100), run("sfs", 102.9), run("rr", 97.2)]).size, 0);
  const bad = unusable([run("default", 100), run("sfs", 103.2), run("rr", 96.5)]);
  assert.deepEqual([...bad.keys()], ["sfs", "rr"]);
  assert.match(bad.get("sfs")![0]!, /sfs: the same invocations took 3\.2 % more or less CPU time/);
});

Deno.test("unusable() wants host, load generator and agent scheduled alike", () => {
  const bad = unusable([run("default", 100), run("sfs", 100, { scheduled: { host: "fair, nice 0" } })]);
  assert.match(bad.get("sfs")![0]!, /the host ran as fair, nice 0, under the default as FIFO 20/);
});

Deno.test("unusable() leaves nothing of a round whose default is not", () => {
  const bad = unusable([run("default", 100, { problems: ["late"] }), run("sfs", 100)]);
  assert.deepEqual([...bad.keys()], ["default", "sfs"]);
});

Deno.test("worthRepeating() names what differs, or the default where most differ from it", () => {
  assert.deepEqual(worthRepeating([run("default", 100), run("sfs", 100), run("rr", 100)]), []);
  assert.deepEqual(worthRepeating([run("default", 100), run("sfs", 110), run("rr", 100)]), ["sfs"]);
  assert.deepEqual(worthRepeating([run("default", 110), run("sfs", 100), run("rr", 100), run("nice", 109)]), [
    "default",
  ]);
  assert.deepEqual(worthRepeating([run("default", 100), run("sfs", 110)]), ["sfs"]);
});
