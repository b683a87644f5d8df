/** What restoreMachine() does to real tasks and cgroups whose records are written by the tests. */

import assert from "node:assert/strict";
import { bootId } from "../../core/journal_file.ts";
import { restoreMachine } from "../../core/restore.ts";
import { Journal } from "../../enforce/journal.ts";
import { JOURNAL } from "../../enforce/journal_layout.ts";
import { Libc, type SchedAttr } from "../../ffi/libc.ts";
import { readStartTicks } from "../../observe/start_times.ts";
import { scheduling } from "./lab.ts";
import { exists, journalOf, restoreTest, SCHED_IDLE, SCHED_NORMAL, spinners } from "./restore_scene.ts";

Deno.test(restoreTest(
  "restoreMachine() leaves a task that has got the id since, and journals of other boots",
  async (place) => {
    const [victim] = await spinners(place, 1) as [number];
    using libc = new Libc();
    const before = libc.getAttr(victim) as SchedAttr;
    const ours: SchedAttr = { policy: SCHED_IDLE, flags: 0n, nice: 19, priority: 0, runtimeNs: 0n };
    const start = readStartTicks(victim)!, boot = bootId();
    const folder = `${place.folder}/state`;
    Deno.mkdirSync(folder);
    const journal = (ticks: number, whose: string) => {
      const memory = new ArrayBuffer(JOURNAL.bytes);
      const written = new Journal(memory, whose, () => ticks);
      written.begin({ tasks: [], moves: [], cgroups: [] });
      written.beforeTask(victim, before, ours);
      Deno.writeFileSync(journalOf(place), new Uint8Array(memory), { mode: 0o600 });
    };
    libc.setAttr(victim, ours);
    const restore = () => restoreMachine(folder, `${place.folder}/run`);
    for (
      const [ticks, whose, gone] of [
        [start - 1, boot, 1],
        [start + 1, boot, 1],
        [start, boot.replace(/^./, (digit) => digit === "0" ? "1" : "0"), 0],
      ] as const
    ) {
      journal(ticks, whose);
      const report = restore();
      assert.deepEqual([report.tasks, report.gone, report.problems], [0, gone, []]);
      assert.equal(scheduling(victim).policy, SCHED_IDLE);
      assert.ok(!exists(journalOf(place)));
    }
    journal(start, boot);
    Deno.chmodSync(journalOf(place), 0o666);
    assert.match(restore().problems.join(), /others can write to it/);
    assert.equal(scheduling(victim).policy, SCHED_IDLE);
    Deno.removeSync(journalOf(place));
    journal(start, boot);
    assert.equal(restore().tasks, 1);
    assert.equal(scheduling(victim).policy, SCHED_NORMAL);
  },
));

Deno.test(restoreTest(
  "restoreMachine() puts a cgroup's weight back, unless cgroup or weight are others by now",
  (place) => {
    const [folder, file] = ownCgroup(), change = { path: folder, file, before: "300", ours: "2" };
    const value = () => Deno.readTextFileSync(`${folder}/${file}`).trim();
    const state = `${place.folder}/state`;
    Deno.mkdirSync(state);
    const restore = (inode: number) => {
      const memory = new ArrayBuffer(JOURNAL.bytes);
      const journal = new Journal(memory, bootId(), () => 0);
      journal.begin({ tasks: [], moves: [], cgroups: [] });
      journal.beforeCgroup({ ...change, inode });
      Deno.writeFileSync(journalOf(place), new Uint8Array(memory), { mode: 0o600 });
      return restoreMachine(state, `${place.folder}/run`);
    };
    try {
      Deno.writeTextFileSync(`${folder}/${file}`, "2");
      const first = Deno.statSync(folder).ino!;
      assert.equal(restore(first + 1).gone, 1);
      assert.equal(value(), "2");
      assert.equal(restore(first).cgroups, 1);
      assert.equal(value(), "300");
      Deno.writeTextFileSync(`${folder}/${file}`, "500");
      assert.equal(restore(first).changed, 1);
      assert.equal(value(), "500");
      Deno.removeSync(folder);
      assert.equal(restore(first).gone, 1, "removed");
      Deno.mkdirSync(folder);
      Deno.writeTextFileSync(`${folder}/${file}`, "2");
      assert.equal(restore(first).gone, 1, "made anew under the same path");
      assert.equal(value(), "2");
      assert.ok(!exists(journalOf(place)));
    } finally {
      Deno.removeSync(folder);
    }
  },
));

/** A cgroup of the cpu controller, and the name of its weight's file. */
function ownCgroup(): [folder: string, file: string] {
  const mounts = Deno.readTextFileSync("/proc/self/mounts").split("\n").map((line) => line.split(" "));
  const v1 = mounts.find(([, , type, options]) => type === "cgroup" && options!.split(",").includes("cpu"));
  const top = (v1 ?? mounts.find(([, , type]) => type === "cgroup2"))![1]!;
  if (!v1) Deno.writeTextFileSync(`${top}/cgroup.subtree_control`, "+cpu");
  const folder = `${top}/alps-test-restore-${Deno.pid}`;
  Deno.mkdirSync(folder);
  return [folder, v1 ? "cpu.shares" : "cpu.weight"];
}

Deno.test(restoreTest(
  "restoreMachine() keeps what it could not put back whole, even where there is no room to write it anew",
  (place) => {
    const folder = `${place.folder}/state`;
    Deno.mkdirSync(folder);
    const memory = new ArrayBuffer(JOURNAL.bytes), path = journalOf(place);
    // A file that cannot be written: putting it back is refused.
    const change = {
      path: "/proc",
      file: "version",
      before: "300",
      ours: Deno.readTextFileSync("/proc/version").trim(),
    };
    new Journal(memory, bootId(), () => undefined).begin({
      tasks: [],
      moves: [],
      cgroups: [{ ...change, inode: Deno.lstatSync("/proc").ino! }],
    });
    Deno.writeFileSync(path, new Uint8Array(memory), { mode: 0o600 });
    const { ino } = Deno.lstatSync(path);
    const report = restoreMachine(folder, `${place.folder}/run`);
    assert.equal(report.failed, 1, JSON.stringify(report));
    assert.notEqual(Deno.lstatSync(path).ino, ino, "another file takes its place, whole");
    const kept = Deno.readFileSync(path);
    // As on a full disk: none can be written.
    Deno.mkdirSync(`${path}.left/in-the-way`, { recursive: true });
    assert.equal(restoreMachine(folder, `${place.folder}/run`).failed, 1);
    assert.deepEqual(Deno.readFileSync(path), kept);
  },
));
