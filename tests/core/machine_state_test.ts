import assert from "node:assert/strict";
import { CpuWatch, machineMemory, parseMemory } from "../../core/machine_state.ts";

const MEMINFO =
  "MemTotal:        4028468 kB\nMemFree:          123456 kB\nMemAvailable:    2000000 kB\nSwapTotal: 0 kB\n";

Deno.test("parseMemory() reads what is available and what there is", () => {
  assert.deepEqual(parseMemory(MEMINFO), { availableBytes: 2000000 * 1024, totalBytes: 4028468 * 1024 });
  assert.equal(parseMemory("MemTotal: 5 kB\n"), undefined);
  assert.equal(parseMemory(""), undefined);
});

Deno.test("machineMemory() reads this machine's, and says nothing where it cannot", () => {
  const memory = machineMemory();
  assert.ok(memory && memory.availableBytes > 0 && memory.availableBytes <= memory.totalBytes);
  assert.equal(
    machineMemory(() => {
      throw new Deno.errors.NotFound();
    }),
    undefined,
  );
});

Deno.test("CpuWatch.changed() tells each change once, and nothing where the list is none", () => {
  let list: string | undefined = "0-3\n";
  const watch = new CpuWatch(() => {
    if (list === undefined) throw new Deno.errors.NotFound();
    return list;
  });
  assert.equal(watch.changed(), undefined);
  list = "0,2-3\n";
  assert.deepEqual(watch.changed(), [0, 2, 3]);
  assert.equal(watch.changed(), undefined);
  list = undefined;
  assert.equal(watch.changed(), undefined);
  list = "";
  assert.equal(watch.changed(), undefined);
  list = "0-3\n";
  assert.deepEqual(watch.changed(), [0, 1, 2, 3]);
});
