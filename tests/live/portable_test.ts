/** The portable file where there is nothing but glibc, /proc and /sys: read-only, and no execution where it can write. */
import assert from "node:assert/strict";
import type { FunctionsSnapshot, PrioritySnapshot } from "../../api/agent_view.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { finish, portable } from "../portable.ts";
import { Place } from "./agent_process.ts";
import { scheduling, until, whyNotLive } from "./lab.ts";
import { PortableRoot } from "./portable_root.ts";

const SCHED_NORMAL = 0, SCHED_IDLE = 5;

function rootTest(name: string, fn: (root: PortableRoot) => Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNotLive !== undefined,
    fn: async () => {
      await using root = await PortableRoot.make();
      await fn(root);
    },
  });
}

rootTest("portable file in an empty root: --version, --licenses and doctor", async (root) => {
  const version = await root.start(["--version"]).end();
  assert.deepEqual([version.code, version.stderr], [0, ""]);
  assert.match(version.stdout, /^alps-agent .*\n.*\npackaging {2}one file, made by the portable launcher\n/);
  const licences = await root.start(["--licenses"]).end();
  assert.match(licences.stdout, /^What alps-agent consists of:/);
  const doctor = await root.start(["doctor", "--json"]).end();
  const { can_enforce: canEnforce, checks } = JSON.parse(doctor.stdout);
  assert.deepEqual([doctor.code, canEnforce], [0, true], doctor.stderr);
  const programs = checks.find(({ id }: { id: string }) => id === "programs");
  assert.equal(programs.status, "ok", JSON.stringify(programs));
});

rootTest("portable file in an empty root: a host, and a trace that is replayed to it", async (root) => {
  const made = await root.start(["trace", "make", "--seconds", "4", "--load", "0.5", "--out", "/run/trace"])
    .end();
  assert.equal(made.code, 0, made.stderr);
  for (const way of [[], ["--warm"]]) {
    const host = root.start(["host", "--listen", "127.0.0.1:0", ...way]);
    const url = await host.listening();
    const replay = await root.start(["replay", "--trace", "/run/trace", "--target", url, "--json"]).end();
    assert.equal(replay.code, 0, replay.stderr);
    const [run] = JSON.parse(replay.stdout).runs;
    const [policy] = Object.values<{ all: { n: number; failed: number } }>(run.policies);
    assert.ok(policy!.all.n > 0);
    assert.equal(policy!.all.failed, 0);
    const { code, stderr } = await host.end("SIGTERM");
    assert.deepEqual([code, stderr], [0, ""]);
  }
});

/** A record as `--exp_result` writes it, of two functions. */
function record(count: number): string {
  const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();
  return Array.from({ length: count }, (_, index) => {
    const cpuMs = index % 2 === 0 ? 5 : 40;
    return JSON.stringify({
      ...{ function: `of-${cpuMs}-ms`, function_id: String(index % 2), pid: 100 + index, kind: "process" },
      ...{ start: at(20 * index), end: at(20 * index + 2 * cpuMs), cpu_us: 1000 * cpuMs, wait_us: 0 },
      ...{ turnaround_us: 2000 * cpuMs, preemptions: 0 },
    }) + "\n";
  }).join("");
}

// What draws is a bundle of its own, and the random forest comes with a package of its own.
rootTest("portable file in an empty root: a trace is simulated, and the result drawn", async (root) => {
  await Deno.writeTextFile(`${root.run}/record`, record(60));
  const args = ["--trace", "/run/record", "--policy", "ps,srpt,alps:RF", "--plot", "/run/plot.svg"];
  const simulated = await root.start(["simulate", ...args]).end();
  assert.equal(simulated.code, 0, simulated.stderr);
  assert.match(simulated.stdout, /^alps:RF /m);
  assert.match(await Deno.readTextFile(`${root.run}/plot.svg`), /^<svg [^]*alps:RF[^]*<\/svg>\s*$/);
});

rootTest(
  "portable file in an empty root: the agent learns, enforces, and puts everything back",
  async (root) => {
    await using place = await Place.make();
    const [short, long] = [await place.program("fn-short"), await place.program("fn-long")];
    const agent = root.start([
      ...["--ml", "LR", "--rule", "comm:fn-{function}", "--listen", "127.0.0.1:0"],
      ...["--socket", "/run/agent.sock", "--state", "/run/state", "--backend", "stock"],
    ]);
    const url = await agent.listening();
    const ready = await fetch(`${url}/readyz`);
    assert.equal(ready.status, 200, await ready.text());

    await agent.until<FunctionsSnapshot>("the function", "/functions", ({ rules }) => rules.length === 1);
    const isKnown = ({ functions }: PrioritySnapshot) => functions.some(({ name }) => name === "short");
    for (let known = false; !known;) {
      await place.run(3, short, 20);
      known = isKnown(await agent.json<PrioritySnapshot>("GET", "/priority"));
    }
    assert.equal((await agent.json<PrioritySnapshot>("GET", "/priority")).ml, "LR");

    const many = Array.from({ length: 2 * onlineCpus().length + 1 }, () => place.start(long, 0));
    await until(
      "one of them is demoted",
      () => many.some(({ pid }) => scheduling(pid).policy === SCHED_IDLE),
    );
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    for (const { pid } of many) {
      assert.deepEqual(scheduling(pid), { policy: SCHED_NORMAL, nice: 0 });
    }
  },
);

rootTest(
  "portable file: installed over itself while it enforces, it goes on, and its state stays",
  async (root) => {
    await using place = await Place.make();
    const busy = await place.program("fn-busy"), machine = `${root.folder}/machine`;
    const file = `${machine}/usr/local/bin/alps-agent`, state = `${machine}/var/lib/alps`;
    const install = async () => {
      const { code, stderr } = await finish([await portable(), "install", "--root", machine]);
      assert.deepEqual([code, stderr], [0, ""]);
    };
    await install();
    const args = ["--rule", "comm:fn-{function}", "--listen", "127.0.0.1:0", "--state", state];
    const more = ["--socket", `${root.run}/agent.sock`, "--backend", "stock"];
    const agent = root.adopt(place.inside([file, ...args, ...more]));
    await agent.listening();
    const many = Array.from({ length: 2 * onlineCpus().length + 1 }, () => place.start(busy, 0));
    const demoted = () => many.some(({ pid }) => scheduling(pid).policy === SCHED_IDLE);
    await until("one of them is demoted", demoted);
    const before = { file: Deno.statSync(file).ino, journal: Deno.statSync(`${state}/changes.journal`).ino };

    await install();
    assert.notEqual(Deno.statSync(file).ino, before.file);
    assert.equal(Deno.statSync(`${state}/changes.journal`).ino, before.journal);
    assert.ok(demoted(), "nothing was put back");
    assert.equal((await agent.json<{ enabled: boolean }>("GET", "/enforcement")).enabled, true);
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);

    const gone = await finish([await portable(), "uninstall", "--root", machine]);
    assert.deepEqual([gone.code, gone.stderr], [0, ""]);
    await assert.rejects(Deno.stat(file), Deno.errors.NotFound);
    await assert.rejects(Deno.stat(state), Deno.errors.NotFound);
  },
);

rootTest(
  "portable file: installed where there is no space, it names the place and leaves nothing half written",
  async (root) => {
    const small = `${root.folder}/small`;
    await Deno.mkdir(small);
    const script = 'mount -t tmpfs -o size=2m none "$0" || exit 99; "$1" install --root "$0"; code=$?; ' +
      'find "$0" -type f; exit $code';
    const { code, stdout, stderr } = await finish(
      ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", script, small, await portable()],
    );
    assert.deepEqual([code, stdout], [1, ""]);
    assert.match(
      stderr,
      /^alps-agent: cannot write \/.*\/small\/usr\/local\/bin\/alps-agent: No space left on device\n$/,
    );
  },
);
