import assert from "node:assert/strict";
import type { FunctionSamples } from "../../../learn/learner.ts";
import { FunctionFile } from "../../../learn/store/function_file.ts";
import {
  LEAST_REST_MS,
  Memory,
  type MemoryNote,
  MOST_REST_MS,
  REST_PER_FUNCTION_MS,
  RETRY_MS,
} from "../../../learn/store/memory.ts";
import { plain, samples, withFolder } from "./samples.ts";

/** A memory whose learner and clock are the test's. */
class Scene implements Disposable {
  nowMs = 1e6;
  readonly known = new Map<number, FunctionSamples>();
  readonly notes: MemoryNote[] = [];
  readonly memory: Memory;

  constructor(path: string) {
    this.memory = new Memory({
      path,
      samplesOf: (id) => this.known.get(id),
      note: (note) => this.notes.push(note),
      nowMs: () => this.nowMs,
    });
  }

  /** A function has been met and run. */
  learn(id: number, name: string, value: number): void {
    this.memory.meet(id, name);
    this.known.set(id, samples(value));
    this.memory.change(id);
  }

  get warnings(): string[] {
    return this.notes.filter(({ level }) => level === "warning").map(({ text }) => text);
  }

  [Symbol.dispose](): void {
    this.memory[Symbol.dispose]();
  }
}

/** What the file holds. */
function stored(path: string) {
  using file = FunctionFile.open(path);
  return plain(file.read());
}

Deno.test("Memory gives back by name what it was told by number, from an orderly end on", () =>
  withFolder((folder) => {
    const path = `${folder}/f`;
    {
      using scene = new Scene(path);
      scene.learn(1, "a", 1);
      scene.learn(2, "b", 2);
      assert.equal(scene.memory.meet(3, "too little is known of it"), undefined);
      scene.memory.change(3);
      assert.deepEqual(scene.notes, []);
    }
    assert.deepEqual(stored(path), plain([["a", samples(1)], ["b", samples(2)]]));
    using scene = new Scene(path);
    assert.deepEqual(scene.notes, [{ level: "info", text: `2 functions are known from before, by ${path}` }]);
    assert.deepEqual(plain([["b", scene.memory.meet(1, "b")!]]), plain([["b", samples(2)]]));
    assert.equal(scene.memory.meet(2, "c"), undefined);
    assert.equal(scene.memory.meet(9, "b"), undefined, "it is given back once");
  }));

Deno.test("Memory writes only what has changed, and rests after it, the longer the more that was", () =>
  withFolder((folder) => {
    const path = `${folder}/f`, log = `${path}-wal`;
    using scene = new Scene(path);
    /** Whether there was something to write, and time for it. */
    const writes = () => {
      const before = Deno.statSync(log).mtime!.getTime();
      Deno.utimeSync(log, 1, 1);
      scene.memory.writeIfDue();
      const wrote = Deno.statSync(log).mtime!.getTime() !== 1000;
      if (!wrote) Deno.utimeSync(log, 1, before / 1000);
      return wrote;
    };
    assert.equal(writes(), false, "nothing is known");
    scene.learn(1, "a", 1);
    assert.equal(writes(), true);
    scene.memory.change(1);
    scene.nowMs += LEAST_REST_MS - 1;
    assert.equal(writes(), false, "too soon");
    scene.nowMs++;
    assert.equal(writes(), true);
    scene.nowMs += LEAST_REST_MS;
    assert.equal(writes(), false, "nothing has changed");
    for (const count of [1000, 5000]) {
      for (let id = 0; id < count; id++) scene.learn(id, `f${id}`, 1);
      assert.equal(writes(), true);
      const restMs = Math.min(REST_PER_FUNCTION_MS * count, MOST_REST_MS);
      scene.memory.change(1);
      scene.nowMs += restMs - 1;
      assert.equal(writes(), false);
      scene.nowMs++;
      assert.equal(writes(), true);
      scene.nowMs += LEAST_REST_MS;
    }
  }));

Deno.test("Memory has functions that are forgotten leave the file, unless they come back", () =>
  withFolder((folder) => {
    const path = `${folder}/f`;
    {
      using scene = new Scene(path);
      for (const [id, name] of [[1, "a"], [2, "b"], [3, "c"]] as const) scene.learn(id, name, id);
      scene.memory.writeIfDue();
      scene.memory.forget([1, 2, 99]);
      scene.learn(4, "a", 4);
    }
    assert.deepEqual(stored(path).map(([name]) => name).sort(), ["a", "c"]);
  }));

Deno.test("Memory sets aside a file that is damaged or newer, says so, and keeps on", () =>
  withFolder((folder) => {
    for (const [what, bytes] of [["cut", 5000], ["no database", 0]] as const) {
      const path = `${folder}/${what}`;
      {
        using scene = new Scene(path);
        for (let id = 0; id < 100; id++) scene.learn(id, `f${id}`, id);
      }
      const whole = Deno.readFileSync(path);
      Deno.writeFileSync(path, bytes > 0 ? whole.subarray(0, bytes) : new Uint8Array(9000).fill(7));
      const damaged = Deno.readFileSync(path);
      {
        using scene = new Scene(path);
        assert.equal(scene.memory.meet(1, "f1"), undefined);
        scene.learn(1, "new", 1);
        const [warning] = scene.warnings;
        const aside = /^what was learned before cannot be read from [^\n]+; the file is now (.+)$/.exec(
          warning!,
        );
        assert.deepEqual(Deno.readFileSync(aside![1]!), damaged);
        assert.equal(scene.notes.length, 1);
      }
      assert.deepEqual(stored(path).map(([name]) => name), ["new"]);
    }
  }));

Deno.test("Memory writes everything it knows anew where its file was damaged while it was given up", () =>
  withFolder((folder) => {
    const path = `${folder}/f`;
    using other = new Scene(path);
    using scene = new Scene(path);
    assert.match(
      scene.warnings.join(),
      /^cannot keep what is learned in [^\n]+: another agent uses it; [^\n]+$/,
    );
    for (let id = 0; id < 10; id++) scene.learn(id, `f${id}`, id);
    scene.memory.writeIfDue();
    scene.nowMs += RETRY_MS;
    scene.memory.writeIfDue();
    assert.equal(scene.notes.length, 1, "it is said once");
    other.memory[Symbol.dispose]();
    Deno.writeTextFileSync(path, "nothing good".repeat(1000));
    scene.nowMs += RETRY_MS;
    scene.memory.writeIfDue();
    assert.deepEqual(scene.notes.map(({ level }) => level), ["warning", "warning", "info"]);
    assert.match(scene.notes[2]!.text, /^what is learned is kept again in /);
    scene[Symbol.dispose]();
    assert.equal(stored(path).length, 10);
  }));

/** Runs trouble_main.ts in a file system of its own, in memory, that is made ready by a command. */
async function trouble(options: string, ready: string, ...commands: string[]) {
  const script = new URL("./trouble_main.ts", import.meta.url).pathname;
  const folder = await Deno.makeTempDir({ prefix: "alps-store-" });
  try {
    const { success, stdout, stderr } = await new Deno.Command("/usr/bin/unshare", {
      args: [
        ...[
          "--mount",
          "/bin/sh",
          "-c",
          `mount -t tmpfs -o ${options} tmpfs "$0" && cd "$0" && ${ready} && exec "$@"`,
        ],
        ...[folder, Deno.execPath(), "run", "-A", "--no-check", script, folder, ...commands],
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout)) as { steps: string[][]; recalled: number };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const noRoot = Deno.uid() === 0 ? undefined : "mounting small file systems needs root";
if (noRoot) console.log(`skip: ${noRoot}`);

const GIVEN_UP = /^cannot keep what is learned in \S+: [^\n]+; until that works again a restart loses it$/;

/** What the steps noted: nothing, that it is given up, or that it is well again. */
function kinds(steps: string[][]): string[][] {
  return steps.map((texts) =>
    texts.map((text) => GIVEN_UP.test(text) ? "given up" : /kept again/.test(text) ? "again" : text)
  );
}

Deno.test({
  name: "Memory goes on without a file where the disk is full, says so once, and resumes when it is not",
  ignore: noRoot !== undefined,
  fn: async () => {
    for (const kilobytes of [0, 4, 12, 40, 100, 300]) {
      const fill = `head -c ${(2048 - kilobytes) * 1024} /dev/zero > filler`;
      const { steps } = await trouble("size=2m", fill, "rm filler");
      const [start, full, room, end] = kinds(steps);
      assert.deepEqual([...start!, ...full!], ["given up"], `${kilobytes} KB: ${JSON.stringify(steps)}`);
      assert.deepEqual([room, end], [["again"], []], `${kilobytes} KB`);
      assert.match(steps.flat()[0]!, /full|space|disk/i);
    }
  },
});

Deno.test({
  name: "Memory survives a disk that fills up and empties while it writes",
  ignore: noRoot !== undefined,
  fn: async () => {
    const { steps } = await trouble(
      "size=4m",
      "true",
      "head -c 5000000 /dev/zero > filler || true",
      "rm filler",
    );
    // What it writes again fits into the room that its log has already: then nothing is given up.
    const said = kinds(steps).flat();
    assert.ok(said.length === 0 || said.join() === "given up,again", JSON.stringify(steps));
  },
});

Deno.test({
  name: "Memory reads what is in a folder that cannot be written to, and says so once",
  ignore: noRoot !== undefined,
  fn: async () => {
    await withFolder(async (folder) => {
      {
        using scene = new Scene(`${folder}/learned`);
        for (let id = 0; id < 50; id++) scene.learn(id, `f${id}`, id);
      }
      const { steps, recalled } = await trouble("size=2m", `cp ${folder}/learned . && mount -o remount,ro .`);
      assert.equal(recalled, 50);
      assert.deepEqual(kinds(steps).map((texts) => texts.map((text) => text.replace(/ \S+learned/, ""))), [
        ["given up", "50 functions are known from before, by"],
        [],
        [],
      ]);
    });
    const { steps, recalled } = await trouble("size=2m", "mount -o remount,ro .");
    assert.deepEqual([recalled, kinds(steps)], [0, [["given up"], [], []]]);
  },
});

Deno.test("Memory where its folder cannot be made says so once", () => {
  using scene = new Scene("/dev/null/state/f");
  scene.learn(1, "a", 1);
  scene.nowMs += RETRY_MS;
  scene.memory.writeIfDue();
  assert.equal(scene.notes.length, 1);
  assert.match(scene.warnings[0]!, GIVEN_UP);
});
