/** Events are lost because nobody reads them for a while: counted, said once, acted on, got over. */

import assert from "node:assert/strict";
import type { EnforcementSnapshot } from "../../api/agent_view.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { ALPS_EVENT, ALPS_LIMITS } from "../../ffi/layout.ts";
import { Place } from "./agent_process.ts";
import { nativeProgram } from "./build_native.ts";
import { Churn } from "./churn.ts";
import { scheduling, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0;
/** Threads of a batch; each makes two events. */
const BATCH = 1000;
/** In the idle class, where it may be when the agent is stopped, its events would take minutes. */
const AHEAD = ["/usr/bin/chrt", "-r", "1"];

Deno.test({
  name:
    "agent: while it is stopped the ring overflows; it counts what is lost, puts everything back, and recovers",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const n = onlineCpus().length, spinner = await place.program("fn/spinner");
    await Deno.copyFile(await nativeProgram("churn"), `${place.folder}/fn/churn`);
    const agent = await place.agent("--rule", `exe:${place.folder}/fn/{function}`, "--max-wait", "3600");
    await using churn = await Churn.start(`${place.folder}/fn/churn`, BATCH, AHEAD);
    const pids = Array.from({ length: 4 * n }, () => place.start(spinner, 0).pid);
    const normal = () => pids.filter((pid) => scheduling(pid).policy === SCHED_NORMAL).length;
    await until("an order", () => normal() < pids.length / 2);
    const active = 4 * n + 1;
    await agent.until<EnforcementSnapshot>("all is well", "/enforcement", ({ enabled }) => enabled);
    assert.equal(await agent.metric("alps_active_invocations"), active);

    // At least twice what the ring holds.
    const events = 2 * ALPS_LIMITS.ALPS_RING_BYTES / (ALPS_EVENT.size + 8);
    agent.process.kill("SIGSTOP");
    try {
      for (let made = 0; made < events; made += 2 * BATCH) await churn.batch();
    } finally {
      agent.process.kill("SIGCONT");
    }
    const off = await agent.until<EnforcementSnapshot>(
      "the guard",
      "/enforcement",
      ({ by }) => by === "guard",
    );
    assert.match(off.reason!, /^[0-9]+ events from the kernel have been lost$/);
    assert.equal(normal(), pids.length, "everything is put back");
    const lost = await agent.metric('alps_events_lost_total{reason="ring_full"}');
    assert.ok(lost! > 0 && Number(off.reason!.split(" ")[0]) === lost, `${lost} lost`);
    assert.equal(await agent.metric('alps_guard_trips_total{reason="events_lost"}'), 1);
    assert.equal((await agent.request("GET", "/readyz")).status, 503);

    await agent.until<EnforcementSnapshot>("a new attempt", "/enforcement", ({ enabled }) => enabled);
    await until("an order again", () => normal() < pids.length / 2);
    assert.equal((await agent.request("GET", "/readyz")).status, 200);
    assert.equal(await agent.metric("alps_active_invocations"), active, "it has lost track of none");
    assert.equal(agent.stderr.match(/events from the kernel have been lost/g)?.length, 1, "said once");
    await churn.end();
    assert.equal((await agent.end("SIGTERM")).code, 0);
    assert.equal(normal(), pids.length);
  },
});
