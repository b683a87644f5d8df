import assert from "node:assert/strict";
import { type Heap, HEAP_OPTIONS, HeapKeeper } from "../../core/heap_keeper.ts";

const MB = 2 ** 20;

/** A heap that a test fills. */
class FakeHeap implements Heap {
  #nowMs = 0;
  usedMb = 0;
  garbageMb = 0;
  collections = 0;
  /** What a collection calls at its end. */
  done: (() => void) | undefined;

  nowMs(): number {
    return this.#nowMs += 1000;
  }

  size() {
    return { heapTotal: (this.usedMb + this.garbageMb) * MB - MB, external: MB };
  }

  collect(done: () => void): void {
    this.collections++;
    this.done = () => {
      this.garbageMb = 0;
      done();
    };
  }
}

Deno.test("HeapKeeper collects when a heap is half as large again as what was in use, and leaves a small one alone", () => {
  const heap = new FakeHeap(), keeper = new HeapKeeper(heap);
  heap.usedMb = 18;
  for (let i = 0; i < 10; i++) keeper.look();
  assert.equal(heap.collections, 0);
  heap.garbageMb = 40;
  keeper.look();
  keeper.look();
  assert.equal(heap.collections, 1, "one at a time");
  heap.done?.();
  heap.usedMb = 40;
  heap.garbageMb = 0;
  keeper.look();
  heap.done?.();
  const before = heap.collections;
  heap.garbageMb = 19;
  keeper.look();
  assert.equal(heap.collections, before);
  heap.garbageMb = 21;
  keeper.look();
  assert.equal(heap.collections, before + 1);
  heap.done?.();
  heap.usedMb = 59;
  keeper.look();
  assert.equal(heap.collections, before + 1, "what is in use is not collected over and over");
});

Deno.test("HeapKeeper gives memory back to the machine", async () => {
  const keeper = new HeapKeeper();
  let kept: object[] = [];
  for (let i = 0; i < 1_500_000; i++) kept.push({ i, half: i + 0.5 });
  const { heapTotal: before } = Deno.memoryUsage();
  assert.ok(before > 64 * MB && kept.length > 0, `${before / MB} MB`);
  kept = [];
  keeper.look();
  for (let left = 200; left > 0 && Deno.memoryUsage().heapTotal > before / 2; left--) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const after = Deno.memoryUsage().heapTotal;
  assert.ok(after < before / 2, `${before / MB} MB before, ${after / MB} MB after`);
});

Deno.test("a thread of a process that is started with HEAP_OPTIONS has little room for what is new", async () => {
  const thread = `import { getHeapSpaceStatistics } from "node:v8";
    const kept = [], size = () =>
      getHeapSpaceStatistics().find((each) => each.space_name === "new_space").space_size;
    let most = 0; // it grows and shrinks with how fast all goes
    for (let i = 0; i < 2e6; i++) {
      kept.push({ i });
      if (i % 1e4 === 0) most = Math.max(most, size());
    }
    postMessage(most);`;
  const program = `const thread = new Worker("data:text/javascript,${
    encodeURIComponent(thread)
  }", { type: "module" });
    thread.onmessage = ({ data }) => { console.log(data); thread.terminate(); };`;
  const newSpaceMb = async (options: readonly string[]) => {
    const { stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", ...options, `data:text/javascript,${encodeURIComponent(program)}`],
    }).output();
    return Number(new TextDecoder().decode(stdout)) / MB;
  };
  const little = await newSpaceMb(HEAP_OPTIONS), usual = await newSpaceMb([]);
  assert.ok(little > 0 && little < 6, `${little} MB`);
  assert.ok(usual > 2 * little, `${usual} MB: else the options are not needed`);
});
