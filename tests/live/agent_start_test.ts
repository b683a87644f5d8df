/** Starts of the agent that must fail: with one line that says why, the right status, and nothing left behind. */

import assert from "node:assert/strict";
import { AgentLock } from "../../core/lock.ts";
import { type Ending, Place } from "./agent_process.ts";
import { until, whyNotLive } from "./lab.ts";
import { hasPatchedCfs } from "./cfs_scene.ts";
import { hasSchedExt } from "./scx_scene.ts";

function startTest(name: string, fn: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNotLive !== undefined,
    fn: async () => {
      await using place = await Place.make();
      await fn(place);
    },
  });
}

/** Starts an agent that must end by itself, with one line on standard error and nothing left behind. */
async function refused(place: Place, args: string[], wrapper: string[] = []): Promise<Ending> {
  const agent = place.spawnAgent(args, wrapper);
  const ending = await agent.end();
  assert.equal(ending.stdout, "", "it never listened");
  assert.match(ending.stderr, /^alps-agent: [^\n]+\n$/, "one line says why");
  if (!args.includes("--socket")) await assert.rejects(Deno.lstat(agent.socket), Deno.errors.NotFound);
  return ending;
}

/** The lock can be had. */
async function lockIsFree(place: Place): Promise<void> {
  (await AgentLock.take(place.lockPath))[Symbol.dispose]();
}

startTest(
  "agent: a second one is refused with the first one's pid; --backend none may run beside it",
  async (place) => {
    const first = await place.agent();
    const { code, stderr } = await refused(place, []);
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`another agent is running.*pid ${first.pid}\\b`));
    const beside = await place.agent("--backend", "none");
    assert.equal((await beside.request("GET", "/readyz")).status, 200);
    assert.equal((await beside.end("SIGTERM")).code, 0);
    assert.equal((await first.request("GET", "/readyz")).status, 200, "the first goes on");
    assert.equal((await first.end("SIGTERM")).code, 0);
  },
);

Deno.test({
  name: "agent: a kernel without our patch is status 3 for --backend cfs, which names the option",
  ignore: whyNotLive !== undefined || hasPatchedCfs,
  fn: async () => {
    await using place = await Place.make();
    const { code, stderr } = await refused(place, ["--backend", "cfs"]);
    assert.equal(code, 3);
    assert.match(stderr, /CONFIG_SCHED_ALPS/);
    await lockIsFree(place);
  },
});

Deno.test({
  name:
    "agent: a kernel without sched_ext is status 3 for --backend scx, which names the option; auto takes stock",
  ignore: whyNotLive !== undefined || hasSchedExt || hasPatchedCfs,
  fn: async () => {
    await using place = await Place.make();
    const { code, stderr } = await refused(place, ["--backend", "scx"]);
    assert.equal(code, 3);
    assert.match(stderr, /CONFIG_SCHED_CLASS_EXT=y/);
    await lockIsFree(place);
    const agent = await place.agent("--backend", "auto");
    assert.equal((await agent.json<{ backend: string }>("GET", "/priority")).backend, "stock");
    assert.equal((await agent.end("SIGTERM")).code, 0);
  },
});

startTest("agent: a port that is in use is status 1", async (place) => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  const { code, stderr } = await refused(place, ["--listen", address]);
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`cannot listen on ${address}`));
  await lockIsFree(place);
});

startTest("agent: a socket that is in use is status 1, and stays its owner's", async (place) => {
  const path = `${place.folder}/taken.sock`;
  using _listener = Deno.listen({ transport: "unix", path });
  const { code, stderr } = await refused(place, ["--socket", path]);
  assert.equal(code, 1);
  assert.match(stderr, /cannot listen on .*taken\.sock: .*listens there/);
  assert.ok((await Deno.lstat(path)).isSocket);
  await lockIsFree(place);
});

startTest("agent: files that it cannot read or write are status 1, named with the reason", async (place) => {
  const no = `${place.folder}/no/such`;
  for (const option of ["--config", "--token-file", "--exp_result"]) {
    const { code, stderr } = await refused(place, [option, no]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, new RegExp(`${no}"?: .*no such file`, "i"), option);
    await lockIsFree(place);
  }
});

startTest("agent: a bad rule, option or value is status 2, and names what is allowed", async (place) => {
  const cases: [string[], RegExp][] = [
    [["--rule", "nosuch:/x"], /rule "nosuch:\/x".*exe.*comm.*cmd.*cgroup.*pid/],
    [["--rule", "exe:/x"], /rule "exe:\/x"/],
    [["--no-such-option"], /unknown option --no-such-option.*--rule/],
    [["--ml", "RF9"], /--ml must be one of avg, LR/],
    [["--listen", "127.0.0.1:99999"], /--listen must be/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await refused(place, args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
  await assert.rejects(Deno.lstat(place.lockPath), Deno.errors.NotFound, "nothing was started");
});

startTest("agent: without root it is status 3: what is missing, and how to get it", async (place) => {
  // As nobody in a user namespace: the files of the checkout stay readable, and nothing of root is left.
  const nobody = ["/usr/bin/unshare", "--user", "--map-user=65534", "--map-group=65534"];
  for (const backend of ["auto", "none"]) {
    const { code, stderr } = await refused(place, ["--backend", backend], nobody);
    assert.equal(code, 3, stderr);
    assert.match(stderr, /not root.*sudo/);
  }
  await assert.rejects(Deno.lstat(place.lockPath), Deno.errors.NotFound, "nothing was started");
});

startTest("agent: root without its capabilities is status 3 too", async (place) => {
  const { code, stderr } = await refused(place, [], ["/usr/bin/setpriv", "--bounding-set=-all"]);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /does not let this process.*CAP_BPF/);
  await lockIsFree(place);
});

startTest("agent: SIGUSR1 while it starts has no effect, and does not end it", async (place) => {
  const SIGUSR1 = 10, tries = 5;
  for (let i = 1;; i++) {
    const agent = place.spawnAgent([]);
    await until("it catches SIGUSR1", () => {
      const status = Deno.readTextFileSync(`/proc/${agent.pid}/status`);
      const [, caught = "0"] = /^SigCgt:\t([0-9a-f]+)$/m.exec(status) ?? [];
      return (BigInt(`0x${caught}`) >> BigInt(SIGUSR1 - 1) & 1n) === 1n;
    });
    agent.process.kill("SIGUSR1");
    await agent.listening();
    const { enabled } = await agent.json<{ enabled: boolean }>("GET", "/enforcement");
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0);
    // Looked at too late on a busy machine, it has started by then, and is switched off.
    if (!enabled && i < tries) continue;
    assert.equal(enabled, true);
    assert.match(stderr, /SIGUSR1 has no effect while the agent starts or ends/);
    return;
  }
});
