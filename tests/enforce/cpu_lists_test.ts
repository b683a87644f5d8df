import assert from "node:assert/strict";
import { onlineCpus, parseAllowedCpus, parseCpuList } from "../../enforce/cpu_lists.ts";

Deno.test("parseCpuList() reads numbers and ranges", () => {
  assert.deepEqual(parseCpuList("0\n"), [0]);
  assert.deepEqual(parseCpuList("0-3,8"), [0, 1, 2, 3, 8]);
  assert.deepEqual(parseCpuList("5-5,7,9-10\n"), [5, 7, 9, 10]);
  assert.deepEqual(parseCpuList("\n"), []);
});

Deno.test("parseCpuList() says that it cannot read what is no list, instead of making CPUs up", () => {
  const bad = [
    "a",
    "0-",
    "-1",
    "3-1",
    "0-x",
    "1.5",
    "1e3",
    "0x10",
    "0--2",
    "0-1-2",
    "0,,1",
    "0-4294967295",
    "99999999999999999999",
    "0 1",
    "\u0660",
  ];
  for (const list of bad) {
    assert.throws(
      () => parseCpuList(list),
      { message: /^cannot read the list of CPUs / },
      JSON.stringify(list),
    );
  }
});

Deno.test("onlineCpus() has as many CPUs as the machine shows", () => {
  const shown = Deno.readTextFileSync("/proc/stat").match(/^cpu\d+/gm)!.map((cpu) => Number(cpu.slice(3)));
  assert.deepEqual(onlineCpus(), shown);
});

Deno.test("parseAllowedCpus() reads what the kernel shows of a process, many CPUs too", () => {
  const bytes = (status: string) => [...parseAllowedCpus(status)!.subarray(0, 9)];
  assert.deepEqual(bytes("Name:\tx\nCpus_allowed:\t3\nCpus_allowed_list:\t0-1\n"), [
    3,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  ]);
  assert.deepEqual(bytes("Cpus_allowed:\t00000001,80000000,000000ff\n"), [255, 0, 0, 0, 0, 0, 0, 128, 1]);
  assert.equal(parseAllowedCpus("Name:\tx\n"), undefined);
  const own = Deno.readTextFileSync("/proc/self/status");
  const listed = parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(own)![1]!);
  const mask = parseAllowedCpus(own)!;
  assert.deepEqual(
    [...mask].reduce((sum, byte) => sum + byte.toString(2).replaceAll("0", "").length, 0),
    listed.length,
  );
  assert.ok(listed.every((cpu) => mask[cpu >> 3]! & (1 << (cpu & 7))));
});
