/** Bad days of the clock: steps of the wall clock. Only in a virtual machine of the tests' own. */

import assert from "node:assert/strict";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { PATIENCE, scheduling, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0, DAY_S = 86_400;

/** Nobody's clock is changed but that of an emulated machine, which is thrown away. */
const whyNot = whyNotLive ?? (PATIENCE > 1 ? undefined : "not in a virtual machine of the tests' own");
if (whyNot !== undefined && whyNot !== whyNotLive) console.log(`skip: the clock: ${whyNot}`);

/** An agent and functions of which as many run as there are CPUs. */
class Scene {
  readonly #pids: Set<number>;

  private constructor(readonly place: Place, readonly agent: AgentProcess, pids: readonly number[]) {
    this.#pids = new Set(pids);
  }

  static async make(place: Place): Promise<Scene> {
    const program = await place.program("fn/f");
    const agent = await place.agent("--rule", `exe:${place.folder}/fn/{function}`, "--max-wait", "3600");
    const pids = Array.from({ length: 6 * onlineCpus().length }, () => place.start(program, 0).pid);
    const scene = new Scene(place, agent, pids);
    await scene.ordered("at first");
    return scene;
  }

  get normal(): number[] {
    return [...this.#pids].filter((pid) => scheduling(pid).policy === SCHED_NORMAL);
  }

  /** As many are normal as there are CPUs; where one of them ends, another one is. */
  async ordered(when: string): Promise<void> {
    const n = onlineCpus().length;
    await until(() => `an order ${when}, ${this.normal.length} are normal`, () => this.normal.length === n);
  }

  async goesOn(when: string): Promise<void> {
    await this.ordered(when);
    const [first] = this.normal;
    this.#pids.delete(first!);
    Deno.kill(first!, "SIGKILL");
    await this.ordered(`${when}, where one has ended`);
    await this.agent.until<FunctionsSnapshot>(
      "one less",
      "/functions",
      ({ functions }) => functions.some(({ instances }) => instances === this.#pids.size),
    );
    assert.equal((await this.agent.request("GET", "/readyz")).status, 200);
  }

  /** The agent ends, and everything is as before. */
  async putBack(): Promise<void> {
    const { code, stderr } = await this.agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    assert.equal(this.normal.length, this.#pids.size);
  }
}

/** Sets the wall clock forward by so many seconds, or back. */
async function stepClock(seconds: number): Promise<void> {
  const to = Math.round(Date.now() / 1000) + seconds;
  const set = await new Deno.Command("date", { args: ["-u", "-s", `@${to}`], stdout: "null" }).output();
  assert.ok(set.success);
  assert.ok(Math.abs(Date.now() / 1000 - to) < DAY_S / 24, "the clock was set");
}

Deno.test({
  name: "agent: steps of the wall clock, a day forward and two back, change nothing in the order",
  ignore: whyNot !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const scene = await Scene.make(place);
    for (const days of [1, -2, 1]) {
      await stepClock(days * DAY_S);
      await scene.goesOn(`after a step of ${days} days`);
    }
    await scene.putBack();
  },
});
