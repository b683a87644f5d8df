/** The doctor on this machine's kernel. */

import assert from "node:assert/strict";
import { PATCH_FUNCTION } from "../../doctor/scheduler_checks.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { whyNotLive } from "./lab.ts";
import { hasPatchedCfs } from "./cfs_scene.ts";
import { hasSchedExt } from "./scx_scene.ts";

const AGENT = new URL("../../agent.ts", import.meta.url).pathname;
const ignore = whyNotLive !== undefined;

interface Document {
  can_enforce: boolean;
  auto: string | null;
  checks: { id: string; status: string; found: string }[];
}

/** Runs the doctor where a place's agents run. */
async function doctor(place: Place, wrapper: string[] = []): Promise<{ code: number; document: Document }> {
  const command = place.inside([...wrapper, Deno.execPath(), "run", "-A", AGENT, "doctor", "--json"]);
  const { code, stdout, stderr } = await new Deno.Command(command[0]!, { args: command.slice(1) }).output();
  const text = new TextDecoder();
  assert.notEqual(stdout.length, 0, text.decode(stderr));
  return { code, document: JSON.parse(text.decode(stdout)) };
}

function check({ checks }: Document, id: string) {
  return checks.find((each) => each.id === id)!;
}

Deno.test({
  name: "doctor: this machine can enforce, by what the kernel itself answers; who holds the lock is named",
  ignore,
  fn: async () => {
    await using place = await Place.make();
    const free = await doctor(place);
    const best = hasSchedExt ? "scx" : hasPatchedCfs ? "cfs" : "stock";
    assert.deepEqual([free.code, free.document.can_enforce, free.document.auto], [0, true, best]);
    for (const id of ["kernel", "root", "btf", "ring_buffer", "task_storage", "programs"]) {
      assert.equal(check(free.document, id).status, "ok", id);
    }
    assert.match(
      check(free.document, "cgroup").found,
      /^(v1|v2|hybrid), cpu controller in version [12] at \//,
    );
    assert.match(check(free.document, "patched_kernel").found, new RegExp(PATCH_FUNCTION));
    assert.equal(check(free.document, "lock").status, "ok");
    const agent: AgentProcess = await place.agent();
    const held = check((await doctor(place)).document, "lock");
    assert.match(held.found, new RegExp(`^held by pid ${agent.pid} `));
    await agent.end("SIGTERM");
    assert.equal(check((await doctor(place)).document, "lock").status, "ok");
  },
});

Deno.test({
  name: "doctor: without privileges it ends with 3 and names them",
  ignore,
  fn: async () => {
    await using place = await Place.make();
    const { code, document } = await doctor(place, ["/usr/bin/setpriv", "--bounding-set=-all"]);
    assert.deepEqual([code, document.can_enforce, document.auto], [3, false, null]);
    assert.match(check(document, "capabilities").found, /CAP_BPF, CAP_PERFMON, CAP_SYS_NICE/);
    assert.equal(check(document, "programs").status, "missing");
    assert.equal(check(document, "realtime").status, "limited");
  },
});
