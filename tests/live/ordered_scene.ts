/** An agent at work, and whether it still is: for the tests of a machine's bad days. */

import assert from "node:assert/strict";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import type { AgentProcess, Place } from "./agent_process.ts";
import { scheduling, until } from "./lab.ts";

const SCHED_NORMAL = 0;

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
