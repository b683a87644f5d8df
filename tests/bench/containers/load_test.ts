import assert from "node:assert/strict";
import { containerTrace, FUNCTIONS, nameOf, sendToContainers } from "../../../bench/containers/load.ts";
import { Served } from "../../../bench/containers/served.ts";
import { inFolder } from "../../in_folder.ts";

const NEVER = new AbortController().signal;

/** A container that is none: says for each request that it took 1.5 ms, once `answer` is called. */
class Fake implements Disposable {
  readonly served: Served;
  readonly steps: string[] = [];
  readonly #listener: Deno.UnixListener;

  constructor(folder: string, id: string, readonly held: () => Promise<void>) {
    const path = `${folder}/${id}`;
    this.#listener = Deno.listen({ transport: "unix", path });
    this.served = new Served(id, path);
    this.#serve();
  }

  async #serve(): Promise<void> {
    for await (const connection of this.#listener) {
      const buffer = new Uint8Array(100), length = await connection.read(buffer);
      this.steps.push(new TextDecoder().decode(buffer.subarray(0, length ?? 0)).trim());
      await this.held();
      // In two pieces, as a socket may give them.
      for (const piece of ["15", "00\n"]) await connection.write(new TextEncoder().encode(piece));
      connection.close();
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
  }
}

Deno.test("containerTrace() has all functions in their shares, at the load asked for", () => {
  const rows = containerTrace({ seed: 1, load: 0.9, cores: 2, seconds: 60 });
  const cpuMs = rows.reduce((sum, { n }) => sum + n, 0);
  assert.ok(Math.abs(cpuMs / (2 * 60_000) - 0.9) < 0.01);
  for (const each of FUNCTIONS) {
    const count = rows.filter(({ function: name }) => name === nameOf(each)).length;
    assert.ok(Math.abs(count / rows.length - each.share / 100) < 0.01);
  }
});

Deno.test("sendToContainers() takes the container that was free for longest, and waits where none is", () =>
  inFolder(async (folder) => {
    const gate = Promise.withResolvers<void>();
    using first = new Fake(folder, "first", () => gate.promise);
    using second = new Fake(folder, "second", () => gate.promise);
    const row = (id: number, n: number) => ({ id, n, job: "spin", function: "spin-5", dueMs: 0 });
    const rows = [1, 2, 3, 4, 5].map((id) => row(id, id));
    const sent = sendToContainers(rows, new Map([["spin-5", [first.served, second.served]]]), NEVER);
    while (first.steps.length + second.steps.length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    assert.deepEqual([first.steps, second.steps], [["w1"], ["w2"]]);
    gate.resolve();
    const measured = await sent;
    assert.deepEqual([...first.steps, ...second.steps].sort(), ["w1", "w2", "w3", "w4", "w5"]);
    assert.deepEqual(measured.map(({ cpuMs, failed }) => [cpuMs, failed]), rows.map(() => [1.5, false]));
    assert.ok(measured.every(({ endMs, executionMs }) => endMs >= executionMs));
  }));

Deno.test("sendToContainers() ends with the signal's reason", () =>
  inFolder(async (folder) => {
    using container = new Fake(folder, "one", () => Promise.resolve());
    const row = { id: 1, n: 5, job: "spin", function: "spin-5", dueMs: 3_600_000 };
    const stop = new AbortController();
    const sent = sendToContainers([row], new Map([["spin-5", [container.served]]]), stop.signal);
    stop.abort(new Error("stopped"));
    await assert.rejects(sent, /stopped/);
  }));
