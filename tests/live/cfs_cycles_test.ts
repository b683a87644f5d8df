/** The order inside CFS, switched on and off many times. In a file of its own, as it takes minutes in an emulated machine. */

import assert from "node:assert/strict";
import { cfsInForce, cfsTest } from "./cfs_scene.ts";
import { cpuMs, sleep, until } from "./lab.ts";

Deno.test(cfsTest("it comes and goes many times under load, and everything runs on", async (lab) => {
  lab.rule("exe:{lab}/{function}");
  const path = await lab.program("a");
  const pids = Array.from({ length: 6 }, () => lab.start(path, 0).pid);
  await until("all", () => lab.observer.shared.counters().active === 6);
  for (let i = 0; i < 200; i++) {
    await lab.events.setEnforcement(false);
    assert.equal(cfsInForce(), false);
    await lab.events.setEnforcement(true);
    await lab.inForce();
  }
  await lab.events.setEnforcement(false);
  const before = pids.map(cpuMs);
  await sleep(4000);
  pids.forEach((pid, i) => assert.ok(cpuMs(pid) > before[i]!, `${pid} runs on`));
}));
