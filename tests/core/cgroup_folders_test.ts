/** Cgroups by their folders, on folders of the test's own. */

import assert from "node:assert/strict";
import { CgroupFolders } from "../../core/cgroup_folders.ts";
import { inFolder } from "../in_folder.ts";

Deno.test("CgroupFolders tells a folder from the next one of its name, and from none", () =>
  inFolder(async (root) => {
    const folders = new CgroupFolders(root);
    await Deno.mkdir(`${root}/a`);
    const first = folders.idOf("/a");
    assert.equal(first, Deno.statSync(`${root}/a`).ino);
    await Deno.mkdir(`${root}/b`);
    await Deno.remove(`${root}/a`);
    assert.equal(folders.idOf("/a"), "gone");
    await Deno.rename(`${root}/b`, `${root}/a`);
    assert.notEqual(folders.idOf("/a"), first);
    assert.equal(folders.idOf("/../a"), undefined, "a path that is not the whole one");
    assert.equal(new CgroupFolders(undefined).idOf("/a"), undefined);
  }));

Deno.test("CgroupFolders lists the processes of a cgroup and of those below it", () =>
  inFolder(async (root) => {
    await Deno.mkdir(`${root}/a/b`, { recursive: true });
    await Deno.writeTextFile(`${root}/a/cgroup.procs`, "12\n0\n");
    await Deno.writeTextFile(`${root}/a/b/cgroup.procs`, "7\n");
    assert.deepEqual([...new CgroupFolders(root).processesIn("/a")], [12, 7]);
    assert.deepEqual([...new CgroupFolders(root).processesIn("/gone")], []);
  }));
