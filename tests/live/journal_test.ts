/** Journals that are damaged, or that cannot be kept where they should be. */

import assert from "node:assert/strict";
import { JOURNAL_NAME } from "../../core/journal_file.ts";
import { JOURNAL } from "../../enforce/journal_layout.ts";
import type { AgentProcess } from "./agent_process.ts";
import { scheduling, until } from "./lab.ts";
import {
  assertNoJournal,
  demoted,
  doctor,
  exists,
  journalOf,
  killedAgent,
  N,
  restoreTest,
  rule,
  SCHED_NORMAL,
  spinners,
} from "./restore_scene.ts";

Deno.test(restoreTest(
  "agent: a damaged journal is used as far as it is whole, and the rest reported",
  async (place) => {
    const tids = await spinners(place, N + 6);
    await killedAgent(place, tids, 4);
    const bytes = Deno.readFileSync(journalOf(place));
    bytes.fill(0xa5, 0, 200); // the header
    let first = JOURNAL.headerBytes;
    while (bytes[first] === 0) first += JOURNAL.taskBytes;
    bytes[first + 4]! ^= 0xff; // the first task's id
    Deno.writeFileSync(journalOf(place), bytes.subarray(0, JOURNAL.bytes / 2));
    const next = await place.agent("--rule", "exe:/no/such/{function}");
    const stillDemoted = tids.filter(demoted).length;
    assert.ok(stillDemoted <= 1, "at most the one whose record is damaged");
    const { stderr } = await next.end("SIGTERM");
    assert.match(stderr, /is damaged: its header cannot be read/);
    assert.match(stderr, /is damaged: 1 record cannot be read/);
    assert.match(stderr, /put back [1-9]\d* tasks/);
  },
));

/** A wrapper that mounts a file system in memory on each folder first, in the agent's own mount namespace. */
const mounted = (options: string, ...folders: string[]) => [
  "/bin/sh",
  "-c",
  `set -e; for d in ${
    folders.join(" ")
  }; do mkdir -p $d; mount -t tmpfs -o ${options} none $d; done; exec "$@"`,
  "sh",
];

Deno.test(restoreTest(
  "agent: where the state folder takes no journal, it is in /run/alps, and found there",
  async (place) => {
    const tids = await spinners(place, 3 * N);
    const full = `${place.folder}/full`;
    const cases: [what: string, args: string[], wrapper: string[]][] = [
      ["a file in its place", ["--state", "/dev/null/state"], []],
      ["a full disk", ["--state", full], mounted("size=64k", full)],
      ["a read-only one", ["--state", full], mounted("ro", full)],
    ];
    for (const [what, args, wrapper] of cases) {
      const agent = place.spawnAgent([...rule(place), ...args], wrapper);
      await agent.listening();
      assert.match(agent.stderr, /cannot keep a journal in .*; it is in \/run\/alps instead/, what);
      await until("some are demoted", () => tids.some(demoted));
      assert.ok(exists(`${place.folder}/run/alps/${JOURNAL_NAME}`), what);
      await agent.end("SIGKILL");
      assert.ok(tids.some(demoted), what);
      assert.equal((await doctor(place)).code, 0);
      for (const tid of tids) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 0 }, what);
      assertNoJournal(place);
    }
  },
));

Deno.test(
  restoreTest(
    "agent: where no journal can be kept, it changes nothing, learns, and says so",
    async (place) => {
      const tids = await spinners(place, 3 * N);
      const full = `${place.folder}/full`;
      const agent = place.spawnAgent(
        [...rule(place), "--state", full],
        mounted("size=64k", full, "/run/alps"),
      );
      await agent.listening();
      const ready = await agent.request("GET", "/readyz");
      assert.equal(ready.status, 503);
      assert.match(ready.text, /nothing is enforced.*journal/);
      assert.match(agent.stderr, /nothing is enforced.*journal/);
      await followed(agent, 3 * N);
      for (const tid of tids) assert.deepEqual(scheduling(tid), { policy: SCHED_NORMAL, nice: 0 });
      assert.equal((await agent.end("SIGTERM")).code, 0);
    },
  ),
);

/** Waits until so many invocations are followed. */
function followed(agent: AgentProcess, count: number): Promise<unknown> {
  return agent.until<{ functions: { instances: number }[] }>(
    "its invocations",
    "/functions",
    ({ functions }) => functions[0]?.instances === count,
  );
}
