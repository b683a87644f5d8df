/** An agent at work, and whether it still is: for the tests of a machine's bad days. */

import assert from "node:assert/strict";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { PATIENCE, scheduling, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0;

/** What these tests do to a machine is done only to an emulated one, which is thrown away. */
export const whyNotHere = whyNotLive ??
  (PATIENCE > 1 ? undefined : "not in a virtual machine of the tests' own");

/** A test of a scene in a place of its own, to be passed to `Deno.test`: a test belongs to the file that calls that. */
export function orderedTest(name: string, test: (scene: OrderedScene) => Promise<void>): Deno.TestDefinition {
  return {
    name,
    ignore: whyNotHere !== undefined,
    fn: async () => {
      await using place = await Place.make();
      const scene = await OrderedScene.make(place);
      await test(scene);
      await scene.putBack();
    },
  };
}

/** An agent and functions of which as many run as there are CPUs. */
export class OrderedScene {
  readonly #pids: Set<number>;

  private constructor(readonly place: Place, readonly agent: AgentProcess, pids: readonly number[]) {
    this.#pids = new Set(pids);
  }

  static async make(place: Place): Promise<OrderedScene> {
    const program = await place.program("fn/f");
    const agent = await place.agent("--rule", `exe:${place.folder}/fn/{function}`, "--max-wait", "3600");
    const pids = Array.from({ length: 6 * onlineCpus().length }, () => place.start(program, 0).pid);
    const scene = new OrderedScene(place, agent, pids);
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
