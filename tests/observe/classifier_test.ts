import assert from "node:assert/strict";
import { Classifier, type ClassifierKernel } from "../../observe/classifier.ts";
import type { Question } from "../../observe/events.ts";
import { FunctionTable } from "../../observe/functions.ts";
import type { Adoption, KeyVerdict } from "../../observe/observer.ts";
import { Exclusions, type ExclusionSpec, NO_EXCLUSIONS } from "../../observe/exclusions.ts";
import { RuleSet } from "../../observe/rule_set.ts";
import { parseRule } from "../../observe/rules.ts";

/** A pid that no process has: the kernel's highest is 2^22. */
const GONE = 2 ** 22 + 7;

/** A classifier with rules, and what it told the kernel side. */
class Scene implements ClassifierKernel {
  readonly functions = new FunctionTable(() => {});
  readonly classifier: Classifier;
  readonly adopted: Adoption[] = [];
  readonly remembered: { generation: number; functionId: KeyVerdict }[] = [];
  /** Function → flags and gap, as the kernel side was told last. */
  readonly modes = new Map<number, [flags: number, gapUs: number]>();
  generation = 0;
  /** How many of the processes to adopt the kernel side does not find. */
  gone = 0;

  constructor(...given: (string | Partial<ExclusionSpec>)[]) {
    const rules = given.filter((each) => typeof each === "string");
    const excluded = given.find((each) => typeof each !== "string");
    const exclusions = new Exclusions({ ...NO_EXCLUSIONS, ...excluded });
    this.classifier = new Classifier(this, new RuleSet(exclusions), this.functions);
    this.classifier.addRules(rules.map((rule) => parseRule(rule, "command line")));
    this.adopted.length = 0;
  }

  setRules(generation: number): void {
    this.generation = generation;
  }

  setMode(functionId: number, flags: number, gapUs: number): void {
    this.modes.set(functionId, [flags, gapUs]);
  }

  setHelper(): void {}

  watchIdle(): void {}

  idleLengths(): undefined {}

  remember(_key: Uint8Array<ArrayBuffer>, generation: number, functionId: KeyVerdict): void {
    this.remembered.push({ generation, functionId });
  }

  adopt(adoptions: readonly Adoption[]): number {
    this.adopted.push(...adoptions);
    return this.gone;
  }

  ask(question: Partial<Question>): void {
    this.classifier.answer({
      pid: GONE,
      parentPid: 1,
      rulesGeneration: this.generation,
      currentFunctionId: 0,
      processStartNs: 1000,
      beginNs: 2000,
      execBaseNs: 30,
      argStart: 0,
      cgroupId: 0,
      uid: 0,
      comm: "",
      commandLine: "",
      execPath: "",
      key: new Uint8Array(0),
      ...question,
    });
  }
}

/** A shell with a child that sleeps; both are killed at the end. */
async function withFamily(test: (parent: number, child: number) => void | Promise<void>): Promise<void> {
  const process = new Deno.Command("/bin/sh", {
    args: ["-c", "sleep 60 & echo $!; wait"],
    stdout: "piped",
  }).spawn();
  const reader = process.stdout.getReader();
  const child = Number(new TextDecoder().decode((await reader.read()).value));
  try {
    await test(process.pid, child);
  } finally {
    Deno.kill(child, "SIGKILL");
    await reader.cancel();
    await process.status;
  }
}

Deno.test("Classifier.answer() adopts a function's process as the question describes it, and remembers", () => {
  const scene = new Scene("exe:/fn/{function}");
  scene.ask({ execPath: "/fn/fib" });
  const fib = scene.functions.byName("fib")!;
  assert.deepEqual(scene.adopted, [
    { pid: GONE, functionId: fib.id, root: GONE, processStartNs: 1000, beginNs: 2000, execBaseNs: 30 },
  ]);
  assert.deepEqual(scene.remembered, [{ generation: scene.generation, functionId: fib.id }]);
});

Deno.test("Classifier.answer() remembers that a process is none, and adopts nothing", () => {
  const scene = new Scene("exe:/fn/{function}");
  scene.ask({ execPath: "/bin/true" });
  assert.deepEqual(scene.adopted, []);
  assert.deepEqual(scene.remembered, [{ generation: scene.generation, functionId: 0 }]);
});

Deno.test("Classifier.answer() has the kernel ask again where a rule on the command line had a say", () => {
  const scene = new Scene("cmd:--name (?<function>\\w+)");
  scene.ask({ commandLine: "fn --name a" });
  scene.ask({ commandLine: "fn" });
  assert.deepEqual(scene.remembered.map(({ functionId }) => functionId), [undefined, undefined]);
  assert.equal(scene.adopted.length, 1);
});

Deno.test("Classifier.answer() does not remember a verdict of rules that have changed since the question", () => {
  const scene = new Scene("exe:/fn/{function}");
  scene.ask({ execPath: "/fn/fib", rulesGeneration: scene.generation - 1 });
  assert.deepEqual(scene.remembered, []);
  assert.equal(scene.adopted.length, 1, "the process is the function's all the same");
});

Deno.test("Classifier.answer() leaves a process alone that belongs to its function already", () => {
  const scene = new Scene("exe:/fn/{function}");
  scene.ask({ execPath: "/fn/fib" });
  scene.ask({ execPath: "/fn/fib", currentFunctionId: scene.functions.byName("fib")!.id });
  assert.equal(scene.adopted.length, 1);
});

Deno.test("Classifier.answer() never makes the agent itself a function", () => {
  const scene = new Scene("me=exe:/me");
  scene.ask({ pid: Deno.pid, execPath: "/me" });
  assert.deepEqual([scene.adopted, scene.remembered, scene.functions.size], [[], [], 0]);
});

Deno.test("Classifier.answer() refuses a hostile name: counted, shown escaped, never a function", () => {
  const scene = new Scene("exe:/no/such/{function}");
  scene.ask({ execPath: "/no/such/\x1b[2J\nx" });
  assert.equal(scene.functions.size, 0);
  assert.deepEqual(scene.adopted, []);
  assert.deepEqual(scene.classifier.failures, { name_refused: 1 });
  const [puzzle] = scene.classifier.unknown;
  assert.equal(puzzle?.pid, GONE);
  assert.match(puzzle!.hint, /control character/);
  // deno-lint-ignore no-control-regex -- these are what must not be there
  assert.doesNotMatch(puzzle!.hint, /[\x00-\x1f]/);
  assert.deepEqual(
    scene.remembered.map(({ functionId }) => functionId),
    [undefined],
    "asked again next time",
  );
});

Deno.test("Classifier.answer() counts processes that are gone before they can be adopted", () => {
  const scene = new Scene("exe:/fn/{function}");
  scene.ask({ execPath: "/fn/fib" });
  assert.deepEqual(scene.classifier.failures, {});
  scene.gone = 1;
  scene.ask({ execPath: "/fn/fib" });
  scene.ask({ execPath: "/bin/true" });
  assert.deepEqual(scene.classifier.failures, { process_gone: 1 });
});

Deno.test("Classifier keeps the latest 100 of the processes that it could not name", () => {
  const scene = new Scene("exe:/no/such/{function}");
  for (let pid = GONE; pid < GONE + 150; pid++) scene.ask({ pid, execPath: "/no/such/a\nb" });
  assert.equal(scene.classifier.unknown.length, 100);
  assert.equal(scene.classifier.unknown[0]?.pid, GONE + 149);
  assert.equal(scene.classifier.failures["name_refused"], 150);
});

Deno.test("Classifier.answer() takes children along that the process has made meanwhile", async () => {
  await withFamily((parent, child) => {
    const scene = new Scene(`p=exe:**/sleepy`, `s=pid:${parent}`);
    scene.adopted.length = 0;
    scene.ask({ pid: parent });
    assert.deepEqual(scene.adopted.map(({ pid, root }) => [pid, root]), [[parent, parent], [child, parent]]);
    assert.equal(scene.adopted[1]?.processStartNs, undefined, "the child's own start is not the question's");
  });
});

Deno.test("Classifier.addRules() takes in what runs already, with its children; nothing else", async () => {
  await withFamily((parent, child) => {
    const scene = new Scene();
    scene.classifier.addRules([parseRule(`s=pid:${parent}`, "http")]);
    const id = scene.functions.byName("s")!.id;
    assert.deepEqual(scene.adopted, [
      { pid: parent, functionId: id, root: parent },
      { pid: child, functionId: id, root: parent },
    ]);
  });
});

Deno.test("Classifier.addRules() makes a child with a rule of its own an invocation of its own", async () => {
  await withFamily((parent, child) => {
    const scene = new Scene(`inner=pid:${child}`, `outer=pid:${parent}`);
    scene.classifier.scan();
    const [outer, inner] = ["outer", "inner"].map((name) => scene.functions.byName(name)!.id);
    assert.deepEqual(scene.adopted, [
      { pid: parent, functionId: outer, root: parent },
      { pid: child, functionId: inner, root: child },
    ]);
  });
});

Deno.test("Classifier.addRules() never adopts the agent, but what it has started", async () => {
  await withFamily((parent, child) => {
    const scene = new Scene(`me=pid:${Deno.pid}`);
    scene.classifier.scan();
    const pids = scene.adopted.map(({ pid }) => pid);
    assert.ok(!pids.includes(Deno.pid));
    assert.ok(pids.includes(parent) && pids.includes(child), "its children are the rule's");
  });
});

Deno.test("Classifier tells the kernel of every change of the rules, and of nothing else", () => {
  const scene = new Scene("a=exe:/a");
  const first = scene.generation;
  const [rule] = scene.classifier.addRules([parseRule("b=exe:/b", "http")]);
  assert.ok(scene.generation > first);
  const second = scene.generation;
  assert.deepEqual(scene.classifier.removeRules("no such"), []);
  assert.equal(scene.generation, second);
  assert.deepEqual(scene.classifier.removeRules(rule!.id).map(({ name }) => name), ["b"]);
  assert.ok(scene.generation > second);
});

Deno.test("Classifier.addRules() has the rules before a refused one in force, in the kernel too", () => {
  const scene = new Scene("a=exe:/a");
  const before = scene.generation;
  const rules = ["b=exe:/b", "again=exe:/a"].map((rule) => parseRule(rule, "configuration"));
  assert.throws(() => scene.classifier.addRules(rules), /matches the same/);
  assert.equal(scene.classifier.rules.list().length, 2);
  assert.equal(scene.generation, scene.classifier.rules.generation);
  assert.ok(scene.generation > before);
});

const EXCLUDE = { functions: ["left*"], users: [7] };

Deno.test("Classifier.answer() leaves what is excluded alone, and has the kernel side remember that", () => {
  const scene = new Scene(EXCLUDE, "exe:/fn/{function}");
  scene.ask({ execPath: "/fn/left-alone" });
  scene.ask({ execPath: "/fn/other", uid: 7 });
  scene.ask({ execPath: "/bin/sh", uid: 7 });
  assert.deepEqual([scene.adopted, scene.functions.size], [[], 0]);
  const { generation } = scene;
  assert.deepEqual(scene.remembered, Array(3).fill({ generation, functionId: "excluded" }));
  scene.ask({ execPath: "/fn/other", uid: 8 });
  assert.equal(scene.adopted.length, 1);
});

Deno.test("Classifier.answer() takes an excluded process out of the invocation that it was forked into", () => {
  const scene = new Scene(EXCLUDE, "exe:/fn/{function}");
  scene.ask({ execPath: "/bin/sh", uid: 7, currentFunctionId: 3 });
  assert.deepEqual(scene.adopted, [{ pid: GONE, functionId: 0, root: GONE }]);
});

Deno.test("Classifier.scan() leaves an excluded process and its children alone", async () => {
  await withFamily((parent, child) => {
    const scene = new Scene(EXCLUDE, `left=pid:${parent}`);
    scene.classifier.scan();
    assert.ok(!scene.adopted.some(({ pid }) => pid === parent || pid === child));
  });
});
