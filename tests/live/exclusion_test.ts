/** What is excluded is left alone: by function, by user, by cgroup, and also where it began as a function's child. */

import assert from "node:assert/strict";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { Place } from "./agent_process.ts";
import { childrenOf, scheduling, sleep, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0, SCHED_IDLE = 5;
/** A user that every Debian has. */
const DAEMON = 1;

/** A cgroup in the hierarchy of the cpu controller, of whichever version; removed with everything in it gone. */
class Cgroup implements AsyncDisposable {
  readonly path: string;

  constructor(readonly name: string) {
    const root = ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup"].find((folder) => {
      try {
        return Deno.statSync(`${folder}/cgroup.procs`).isFile;
      } catch {
        return false;
      }
    });
    this.path = `${root}/${name}`;
    Deno.mkdirSync(this.path);
  }

  add(pid: number): void {
    Deno.writeTextFileSync(`${this.path}/cgroup.procs`, String(pid));
  }

  /** It is busy until the kernel has let go of the processes that ended in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await until("the cgroup's end", () => {
      try {
        Deno.removeSync(this.path);
        return true;
      } catch {
        return false;
      }
    });
  }
}

Deno.test({
  name: "agent: excluded functions, users and cgroups are never ordered, and others are",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using cgroup = new Cgroup(`alps-excluded-${Deno.pid}`);
    await using place = await Place.make();
    await Deno.chmod(place.folder, 0o755);
    const [left, plain] = [await place.program("fn/left-alone"), await place.program("fn/plain")];
    const config = `${place.folder}/config.json`;
    await Deno.writeTextFile(config, JSON.stringify({ "exclude-user": ["daemon"] }));
    // One that runs already, in the cgroup that is excluded.
    const early = place.start(plain, 0);
    cgroup.add(early.pid);
    const agent = await place.agent(
      ...["--rule", `exe:${place.folder}/fn/{function}`, "--config", config],
      ...["--exclude-cgroup", `/${cgroup.name}`, "--exclude-function", "left*"],
    );
    const start = (path: string, uid = 0) => {
      const args = uid === 0
        ? [path, "0"]
        : ["/usr/bin/setpriv", "--reuid", String(uid), "--clear-groups", path, "0"];
      return place.start(args[0]!, ...args.slice(1)).pid;
    };
    const excluded = [early.pid, ...[1, 2].flatMap(() => [start(left), start(plain, DAEMON)])];
    const moved = start(plain);
    const ordered = Array.from({ length: 3 * onlineCpus().length }, () => start(plain));
    await until("some are demoted", () => ordered.some((pid) => scheduling(pid).policy === SCHED_IDLE));
    // It is an invocation now, demoted or not; from its move on it is none.
    cgroup.add(moved);
    await agent.until<FunctionsSnapshot>(
      "the others alone are followed",
      "/functions",
      ({ functions }) => functions.find(({ name }) => name === "plain")?.instances === ordered.length,
    );
    const end = Date.now() + 3000;
    while (Date.now() < end) {
      for (const pid of [...excluded, moved]) {
        assert.deepEqual(scheduling(pid), { policy: SCHED_NORMAL, nice: 0 }, `process ${pid}`);
      }
      await sleep(20);
    }
    const { functions } = await agent.json<FunctionsSnapshot>("GET", "/functions");
    assert.deepEqual(functions.map(({ name }) => name), ["plain"]);
    assert.equal((await agent.end("SIGTERM")).code, 0);
  },
});

Deno.test({
  name: "agent: an excluded child of a demoted function is put back when it leaves it",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const plain = await place.program("fn/plain"), left = await place.program("fn/left");
    const sh = `${place.folder}/fn/sh`, go = `${place.folder}/go`;
    await Deno.copyFile("/bin/sh", sh);
    const agent = await place.agent(
      ...["--rule", `exe:${place.folder}/fn/{function}`, "--exclude-function", "left"],
    );
    // Busy until it is told to start its child, which is demoted with it at first.
    const parent = place.start(sh, "-c", `while [ ! -e ${go} ]; do :; done; ${left} 0 & while :; do :; done`);
    const others = Array.from({ length: 3 * onlineCpus().length }, () => place.start(plain, 1e6).pid);
    await agent.until<FunctionsSnapshot>("both", "/functions", ({ functions }) => functions.length === 2);
    await agent.json("PUT", "/priority/sh", { priority: 1000 }); // behind all others
    await until("it is demoted", () => scheduling(parent.pid).policy === SCHED_IDLE);
    await Deno.writeTextFile(go, "");
    const child = await until("its child", () => childrenOf(parent.pid)[0]);
    try {
      const runs = () => Deno.readLinkSync(`/proc/${child}/exe`) === left;
      await until("the child's program", runs);
      await until("it is put back", () => scheduling(child).policy === SCHED_NORMAL);
      await sleep(1000);
      assert.deepEqual(scheduling(child), { policy: SCHED_NORMAL, nice: 0 });
      assert.ok(others.some((pid) => scheduling(pid).policy === SCHED_IDLE));
      assert.equal((await agent.end("SIGTERM")).code, 0);
      assert.equal(scheduling(parent.pid).policy, SCHED_NORMAL);
    } finally {
      Deno.kill(child, "SIGKILL");
    }
  },
});
