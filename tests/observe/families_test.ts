import assert from "node:assert/strict";
import { adoptFamily, type Belonging, planFamilies } from "../../observe/families.ts";
import type { ProcessIdentity } from "../../observe/identity.ts";
import type { Adoption } from "../../observe/observer.ts";

function process(pid: number, parentPid: number): ProcessIdentity {
  return {
    pid,
    parentPid,
    startTimeTicks: 0,
    exePaths: [],
    comm: String(pid),
    cmdline: "",
    cgroupCpu: "/",
    cgroupsOther: [],
  };
}

/** Plans for processes `[pid, parent, what becomes of it]`: pid → function and first process. */
function plan(...processes: [pid: number, parent: number, place: Belonging][]) {
  const places = new Map(processes.map(([pid, , place]) => [pid, place]));
  const asked: [number, number | undefined][] = [];
  const found = planFamilies(
    processes.map(([pid, parent]) => process(pid, parent)),
    ({ pid }, inherited) => {
      asked.push([pid, inherited]);
      return places.get(pid)!;
    },
  );
  return { found: [...found.values()].map(({ pid, functionId, root }) => [pid, functionId, root]), asked };
}

Deno.test("planFamilies() has children join what their parents are part of, unless they begin or leave something", () => {
  const { found, asked } = plan(
    [12, 11, "stays"], // before its parent in the list
    [10, 1, 5],
    [11, 10, "stays"],
    [13, 11, "leaves"],
    [14, 13, "stays"],
    [15, 13, 6],
    [20, 1, "stays"],
  );
  assert.deepEqual(found, [[10, 5, 10], [11, 5, 10], [12, 5, 10], [15, 6, 15]]);
  assert.deepEqual(asked.find(([pid]) => pid === 12), [12, 5]);
  assert.deepEqual(
    asked.find(([pid]) => pid === 14),
    [14, undefined],
    "what has left takes its children along",
  );
});

Deno.test("planFamilies() asks about none twice, and ends where process ids make a circle", () => {
  const { found, asked } = plan([10, 1, 5], [11, 12, "stays"], [12, 11, "stays"]);
  assert.deepEqual(found, [[10, 5, 10]]);
  assert.deepEqual(asked, [[10, undefined]]);
});

Deno.test("adoptFamily() takes the descendants that are there, and says whether the process is gone", async () => {
  const shell = new Deno.Command("/bin/sh", { args: ["-c", "sleep 60 & wait"] }).spawn();
  const children = () => Deno.readTextFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`).trim();
  while (children() === "") await new Promise((resolve) => setTimeout(resolve, 2));
  const child = Number(children());
  const calls: (readonly Adoption[])[] = [];
  const root = { pid: shell.pid, functionId: 3, root: shell.pid };
  assert.equal(adoptFamily({ adopt: (each) => calls.push(each) && 1 }, root), 1);
  assert.deepEqual(calls, [[root, { pid: child, functionId: 3, root: shell.pid }]]);
  Deno.kill(child, "SIGKILL");
  await shell.status;
});
