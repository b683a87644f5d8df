import assert from "node:assert/strict";
import { FORGET_AFTER_MS, FunctionTable, MOST_FUNCTIONS } from "../../observe/functions.ts";

Deno.test("FunctionTable gives each name a number of its own, from 1 on, and tells of each new one once", () => {
  const told: string[] = [];
  const table = new FunctionTable(({ id, name }) => told.push(`${id} ${name}`));
  const a = table.named("a", "r1"), b = table.named("b", "r2");
  assert.equal(table.named("a", "r3"), a);
  assert.deepEqual([a.id, b.id, a.ruleId], [1, 2, "r1"]);
  assert.deepEqual(told, ["1 a", "2 b"]);
  assert.equal(table.size, 2);
  assert.deepEqual([...table].map(({ name }) => name), ["a", "b"]);
});

Deno.test("FunctionTable finds by number and by name, and nothing else", () => {
  const table = new FunctionTable(() => {});
  const info = table.named("constructor", "r1");
  assert.equal(table.byId(1), info);
  assert.equal(table.byName("constructor"), info);
  assert.equal(table.byId(0), undefined);
  assert.equal(table.byId(2), undefined);
  assert.equal(table.byName("__proto__"), undefined);
});

Deno.test("FunctionTable does not keep a function that could not be told of", () => {
  let fails = true;
  const table = new FunctionTable(() => {
    if (fails) throw new Error("the map is full");
  });
  assert.throws(() => table.named("a", "r1"), /the map is full/);
  assert.deepEqual([table.size, table.byName("a")], [0, undefined]);
  fails = false;
  assert.equal(table.named("a", "r1").id, 1);
});

Deno.test("FunctionTable remembers where a function was seen, and not without end", () => {
  const table = new FunctionTable(() => {});
  table.named("a", "r1", "/x");
  table.named("a", "r1", "/x");
  table.named("a", "r1");
  assert.deepEqual([...table.byName("a")!.cgroups], ["/x"]);
  for (let i = 0; i < 100; i++) table.named("a", "r1", `/pod-${i}`);
  assert.equal(table.byName("a")!.cgroups.size, 16);
});

Deno.test("FunctionTable.forget() forgets what was not seen for a week and is not in use, for good", () => {
  const table = new FunctionTable(() => {});
  const [old, used, seen] = ["old", "used", "seen"].map((name) => table.named(name, "r1"));
  const nowMs = performance.now() + FORGET_AFTER_MS + 1000;
  seen!.lastSeenMs = nowMs - 1;
  assert.deepEqual(table.forget(nowMs, (info) => info === used), [old]);
  assert.deepEqual([...table], [used, seen]);
  assert.deepEqual([table.byId(old!.id), table.byName("old")], [undefined, undefined]);
  assert.equal(table.named("old", "r1").id, 4, "no number is used twice");
});

Deno.test("FunctionTable.forget() lets no process make it grow without end", () => {
  const table = new FunctionTable(() => {});
  const first = table.named("used", "r1");
  let most = 0;
  for (let i = 0; i < 5 * MOST_FUNCTIONS; i++) {
    table.named(`made-up-${i}`, "r1");
    most = Math.max(most, table.size);
    if (table.size > MOST_FUNCTIONS) table.forget(performance.now(), (info) => info === first);
  }
  assert.equal(most, MOST_FUNCTIONS + 1);
  assert.equal(table.byName("used"), first);
  assert.ok(table.byName(`made-up-${5 * MOST_FUNCTIONS - 1}`), "the latest stay");
  assert.equal(table.byName("made-up-0"), undefined);
});
