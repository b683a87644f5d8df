import assert from "node:assert/strict";
import { parseCgroups, parseStat } from "../../observe/proc.ts";

/** A line as the kernel writes it, with this name. */
function statLine(comm: string): string {
  const numbers = "77 1234 1234 0 -1 4194304 100 0 0 0 1 2 0 0 20 0 1 0 987654 1000 200 18446744073709551615";
  const rest = "1 2 3 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 4 5 6 140733000000000 140733000000021 7 0"; // fields 26 to 51
  return `1234 (${comm}) S ${numbers} ${rest}\n`;
}

Deno.test("parseStat() reads pid, parent, group, session, flags and start", () => {
  assert.deepEqual(parseStat(statLine("sleep")), {
    pid: 1234,
    comm: "sleep",
    state: "S",
    parentPid: 77,
    group: 1234,
    session: 1234,
    flags: 4194304,
    startTimeTicks: 987654,
    argStart: 140733000000000,
  });
});

Deno.test("parseStat() is not deceived by the name", () => {
  for (const comm of ["", "a b", ") R 1 1 1", "((", "))", "x\n1 (y) S 2", "a) S 1 (b"]) {
    const stat = parseStat(statLine(comm));
    assert.equal(stat?.comm, comm);
    assert.equal(stat?.parentPid, 77);
    assert.equal(stat?.startTimeTicks, 987654);
  }
});

Deno.test("parseStat() gives undefined for what is no stat", () => {
  for (const text of ["", "1234", "1234 (sleep", "1234 (sleep) S", ")(", "x (sleep) S 1 2"]) {
    assert.equal(parseStat(text), undefined, text);
  }
});

Deno.test("parseCgroups() finds the cpu controller in a hierarchy of version 1", () => {
  const text = "4:memory:/mem\n3:cpu,cpuacct:/fn/fib\n2:cpuset:/set\n1:name=systemd:/fn/fib\n";
  assert.deepEqual(parseCgroups(text), { cpu: "/fn/fib", others: ["/mem", "/set"] });
});

Deno.test("parseCgroups() does not take cpuset or cpuacct for cpu", () => {
  assert.deepEqual(parseCgroups("2:cpuset:/a\n1:cpuacct:/b\n"), { cpu: undefined, others: ["/a", "/b"] });
});

Deno.test("parseCgroups() reads version 2, and both versions on one machine", () => {
  assert.deepEqual(parseCgroups("0::/system.slice/a.service\n"), {
    cpu: "/system.slice/a.service",
    others: [],
  });
  assert.deepEqual(parseCgroups("2:cpu:/one\n1:name=systemd:/x\n0::/two\n"), {
    cpu: "/one",
    others: ["/x", "/two"],
  });
  assert.deepEqual(parseCgroups("1:name=systemd:/x\n0::/two\n"), { cpu: "/two", others: ["/x"] });
});

Deno.test("parseCgroups() takes paths with colons and spaces, and those of removed cgroups", () => {
  assert.equal(parseCgroups("0::/kubepods/cri:a b:c\n").cpu, "/kubepods/cri:a b:c");
  assert.equal(parseCgroups("0::/gone (deleted)\n").cpu, "/gone");
});

Deno.test("parseCgroups() gives nothing for nothing", () => {
  assert.deepEqual(parseCgroups(""), { cpu: undefined, others: [] });
  assert.deepEqual(parseCgroups("garbage\n:\n"), { cpu: undefined, others: [] });
});
