/** No room on the disk: in a tiny file system of the agent's own, which is gone with it. */

import assert from "node:assert/strict";
import type { InvocationEntry, Parts } from "../../api/agent_view.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { scheduling, settle, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0;
/** Room for the lock and the record of the run, and little else. */
const DISK_KIB = 16;

/** A command that begins with file systems of so many kilobytes in these folders, in its own mount namespace. */
function tiny(kilobytes: number, ...folders: string[]): string[] {
  const mount = `mount -t tmpfs -o size=${kilobytes}k tmpfs`;
  const lines = folders.map((folder) => `mkdir -p "${folder}" && ${mount} "${folder}" && `).join("");
  return ["/bin/sh", "-c", `${lines}exec "$0" "$@"`];
}

/** Starts more invocations than there are CPUs. */
async function crowd(place: Place): Promise<() => number> {
  const path = await place.program("fn/f");
  const pids = Array.from({ length: 4 * onlineCpus().length }, () => place.start(path, 0).pid);
  return () => pids.filter((pid) => scheduling(pid).policy === SCHED_NORMAL).length;
}

async function started(place: Place, args: string[], wrapper: string[]): Promise<AgentProcess> {
  const agent = place.spawnAgent(["--rule", `exe:${place.folder}/fn/{function}`, ...args], wrapper);
  await agent.listening();
  return agent;
}

Deno.test({
  name: "agent: a full disk takes neither its journal nor its results: said once each, and it works on",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const state = `${place.folder}/state`, n = onlineCpus().length;
    const agent = await started(place, ["--exp_result", `${state}/results`], tiny(DISK_KIB, state));
    assert.match(
      agent.stderr,
      /cannot keep a journal in \S+\/state: .*space.*; it is in \/run\/alps instead/i,
    );
    const short = await place.program("fn/short");
    const invocations = async (): Promise<InvocationEntry[]> =>
      (await agent.json<{ invocations: InvocationEntry[] }>("GET", "/invocations?limit=10000")).invocations;
    // Some of the first are over before it is known whose they are.
    await Promise.all(Array.from({ length: 4 }, () => place.run(60, short, 1)));
    await agent.until<unknown>(
      "more than fits",
      "/invocations?limit=10000",
      (page) => JSON.stringify(page).length > 2 * 1024 * DISK_KIB,
    );
    await until("the file is given up", () => /cannot write \S+results"?: .*space/i.test(agent.stderr));
    const before = (await invocations()).length;
    const normal = await crowd(place);
    await until("an order", () => normal() === n);
    await place.run(3, short, 1);
    await agent.until<{ invocations: unknown[] }>(
      "more of them",
      "/invocations?limit=10000",
      (page) => page.invocations.length > before,
    );
    assert.equal(agent.stderr.match(/cannot write/g)?.length, 1, agent.stderr);
    assert.equal((await agent.request("GET", "/readyz")).status, 200);
    const { code } = await agent.end("SIGTERM");
    assert.equal(code, 0);
    assert.equal(normal(), 4 * n, "everything is put back");
  },
});

Deno.test({
  name: "agent: where no journal fits anywhere, nothing is changed: it observes, and says why",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const state = `${place.folder}/state`;
    const agent = await started(place, [], tiny(DISK_KIB, state, "/run"));
    const normal = await crowd(place);
    await agent.until<{ functions: { instances: number }[] }>(
      "they are followed",
      "/functions",
      ({ functions }) => functions.some(({ instances }) => instances > 1),
    );
    await settle(1000);
    assert.equal(normal(), 4 * onlineCpus().length, "nobody is demoted");
    const { status, text } = await agent.request("GET", "/readyz");
    assert.equal(status, 503);
    const { observing, learning, enforcing } = JSON.parse(text) as Parts;
    assert.deepEqual([observing.state, learning.state, enforcing.state], [
      "working",
      "working",
      "not working",
    ]);
    assert.match(
      enforcing.reason!,
      /^nothing is enforced, because no change could be undone after a crash: .*space/i,
    );
    assert.match(agent.stderr, /nothing is enforced, because no change could be undone/);
    assert.equal((await agent.end("SIGTERM")).code, 0);
  },
});
