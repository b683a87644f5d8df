/** Parts of the agent within this process: closed, or failed while starting, they leave nothing behind. */

import assert from "node:assert/strict";
import { Agent } from "../../core/agent.ts";
import type { AgentOptions } from "../../core/agent_options.ts";
import { EventThread } from "../../core/event_thread.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { Libc } from "../../ffi/libc.ts";
import { parseRule } from "../../observe/rules.ts";
import { until, whyNotLive } from "./lab.ts";
import { descriptors, mappedMaps, threads } from "./resources.ts";

const ignore = whyNotLive !== undefined;

const OPTIONS: AgentOptions = {
  version: "test",
  ml: "avg",
  finetune: {},
  epochS: 10,
  maxWaitS: 5,
  backend: "stock",
  rules: [parseRule("exe:/no/such/{function}", "command line")],
  expResult: undefined,
};

/** Runs it once, for what is opened once and kept, then three times; nothing may be more than before. */
async function leavesNothing(cycle: () => Promise<void>): Promise<void> {
  await cycle();
  const before = descriptors(), count = threads();
  for (let round = 0; round < 3; round++) await cycle();
  assert.equal(mappedMaps(), 0);
  // Threads that have been told to end take a moment, and so do the pipes of their runtimes.
  const more = () => {
    const now = Object.entries(descriptors()).filter(([kind, n]) => n > (before[kind] ?? 0));
    return threads() > count ? [["threads", threads()], ...now] : now;
  };
  await until(() => `the end of ${JSON.stringify(more())}`, () => more().length === 0, 20);
}

Deno.test({
  name: "Agent leaves no descriptor, mapping or thread behind when it is closed",
  ignore,
  fn: () =>
    leavesNothing(async () => {
      await using agent = await Agent.start(OPTIONS);
      assert.deepEqual(agent.view.readiness(), { ready: true, reasons: [] });
      assert.ok((await agent.report()).active === 0);
    }),
});

Deno.test({
  name: "Agent.start() leaves nothing behind where its file of results cannot be written",
  ignore,
  fn: () =>
    leavesNothing(async () => {
      const options = { ...OPTIONS, expResult: "/no/such/folder/file" };
      await assert.rejects(Agent.start(options), { message: /^cannot write \/no\/such\/folder\/file: / });
    }),
});

Deno.test({
  name: "Agent.start() leaves nothing behind where two rules are the same",
  ignore,
  fn: () =>
    leavesNothing(async () => {
      const rules = [...OPTIONS.rules, ...OPTIONS.rules];
      await assert.rejects(Agent.start({ ...OPTIONS, rules }), { message: /matches the same/ });
    }),
});

Deno.test("EventThread.start() says why it could not start, once, and leaves nothing behind", async () => {
  using libc = new Libc();
  await leavesNothing(async () => {
    const failures: string[] = [];
    const start = EventThread.start(libc, {
      eventsFd: -1,
      slotsFd: -1,
      tasksFd: -1,
      functionStatsFd: -1,
      sharedFd: -1,
      foreignGroupsFd: -1,
      backend: "none",
      cpus: onlineCpus(),
      migrate: false,
      maxWaitNs: 1e9,
    }, {
      ended: () => {},
      asked: () => {},
      decided: () => {},
      state: () => {},
      guarded: () => {},
      failed: (message) => failures.push(message),
    });
    await assert.rejects(start, { message: /the event thread failed: .*cannot map .* EBADF/s });
    assert.deepEqual(failures, [], "the error has been told already");
  });
});
