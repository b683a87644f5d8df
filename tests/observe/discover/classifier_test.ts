/** The classifier with discovery: rules first, then what a process's place tells. */

import assert from "node:assert/strict";
import { KernelError } from "../../../ffi/errors.ts";
import type { CgroupId } from "../../../observe/cgroups.ts";
import { Classifier } from "../../../observe/classifier.ts";
import { Discovery } from "../../../observe/discover/discovery.ts";
import type { Found, Place, Source } from "../../../observe/discover/source.ts";
import type { Question } from "../../../observe/events.ts";
import { Exclusions, NO_EXCLUSIONS } from "../../../observe/exclusions.ts";
import { FunctionTable } from "../../../observe/functions.ts";
import { readArgStart } from "../../../observe/identity.ts";
import type { Adoption, KeyVerdict } from "../../../observe/observer.ts";
import { RuleSet } from "../../../observe/rule_set.ts";
import { parseRule } from "../../../observe/rules.ts";

/** Says one thing of every place. */
class One implements Source {
  readonly name = "one";
  readonly status = { state: "working", detail: "" } as const;
  changed: (instance: string) => void = () => {};

  fleeting = false;
  filledFromOutside = false;

  constructor(public what: Found["what"] | undefined) {}

  find({ cgroups }: Place): Found | undefined {
    // The process is where the test is: that is the container.
    const { what, fleeting, filledFromOutside } = this;
    return what && { cgroup: cgroups[0] ?? "/", instance: "i", what, fleeting, filledFromOutside };
  }

  start(changed: (instance: string) => void): void {
    this.changed = changed;
  }

  [Symbol.dispose](): void {}
}

const FIB = { kind: "function", platform: "test", name: "fib", id: "20", foundBy: "a label" } as const;

class Scene implements AsyncDisposable {
  readonly adopted: Adoption[] = [];
  readonly remembered: KeyVerdict[] = [];
  readonly functions = new FunctionTable(() => {});
  readonly source: One;
  readonly discovery: Discovery;
  readonly classifier: Classifier;
  /** The number of the cgroup that its process is in now. */
  cgroupId: CgroupId = 7;
  /** Whether its process was put into the container from outside. */
  hasEntered = false;
  /** Whether the kernel refuses to adopt. */
  refuses = false;
  readonly helpers: [number, number | undefined][] = [];
  /** A process that is really there. */
  readonly process = new Deno.Command("sleep", { args: ["60"] }).spawn();

  constructor(what: Found["what"] | undefined, rules: string[] = [], exclude: string[] = []) {
    this.source = new One(what);
    this.discovery = new Discovery([this.source], () => this.cgroupId);
    const kernel = {
      setRules() {},
      setMode() {},
      setHelper: (id: number, pod: number | undefined) => void this.helpers.push([id, pod]),
      watchIdle() {},
      idleLengths: () => undefined,
      remember: (_key: Uint8Array, _generation: number, verdict: KeyVerdict) =>
        void this.remembered.push(verdict),
      adopt: (adoptions: readonly Adoption[]) => {
        if (this.refuses) throw new KernelError("cannot update map adoptions", 7);
        this.adopted.push(...adoptions);
        return 0;
      },
    };
    const ruleSet = new RuleSet(new Exclusions({ ...NO_EXCLUSIONS, functions: exclude }));
    this.classifier = new Classifier(kernel, ruleSet, this.functions, this.discovery, {
      processesIn: () => [this.process.pid],
      idOf: () => this.cgroupId,
    }, () => this.hasEntered);
    for (const rule of rules) ruleSet.add(parseRule(rule, "command line"));
    // Only the scene's own process is asked about: what runs on this machine besides is left out.
    this.classifier.scan = () => {};
    this.classifier.discover();
  }

  ask(given: Partial<Question> = {}): void {
    this.classifier.answer({
      pid: this.process.pid,
      parentPid: 1,
      rulesGeneration: this.classifier.rules.generation,
      currentFunctionId: 0,
      processStartNs: 1,
      beginNs: 2,
      execBaseNs: 0,
      argStart: 0,
      cgroupId: 7,
      uid: 0,
      comm: "sleep",
      commandLine: "sleep 60",
      execPath: "",
      key: new Uint8Array(0),
      ...given,
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.discovery[Symbol.dispose]();
    this.process.kill("SIGKILL");
    await this.process.status;
  }
}

Deno.test("Classifier: a process that no rule matches is what its place tells, in mode warm", async () => {
  await using scene = new Scene(FIB);
  scene.ask();
  const fib = scene.functions.byName("fib")!;
  assert.deepEqual([fib.platform, fib.platformId, fib.foundBy, fib.ruleId], [
    "test",
    "20",
    "a label",
    "discovery",
  ]);
  assert.equal(fib.cgroups.size, 1);
  assert.equal(scene.classifier.modes.of(fib.id), "warm");
  assert.deepEqual(scene.remembered, [{ discovered: fib.id, asksOfEntrants: true }]);
  assert.equal(scene.adopted[0]?.functionId, fib.id);
});

Deno.test("Classifier: rules go before discovery, exclusions before both", async () => {
  await using ruled = new Scene(FIB, ["mine=comm:sleep"]);
  ruled.ask();
  assert.deepEqual([...ruled.functions].map(({ name }) => name), ["mine"]);
  await using excluded = new Scene(FIB, [], ["f*"]);
  excluded.ask();
  assert.deepEqual([...excluded.functions], []);
  assert.deepEqual(excluded.remembered, ["excluded"]);
});

Deno.test("Classifier has the kernel ask again about what is pending, and remembers what is none", async () => {
  await using scene = new Scene({ kind: "pending", hint: "soon" });
  scene.ask();
  scene.source.what = { kind: "helper", platform: "knative" };
  scene.source.changed("i");
  scene.ask();
  assert.deepEqual(scene.remembered, [undefined, 0]);
  assert.deepEqual(scene.adopted, []);
});

Deno.test("Classifier does not remember for others what it saw of a process that had ended", async () => {
  await using scene = new Scene(undefined);
  scene.ask();
  assert.deepEqual(scene.remembered, [0]);
  // Its cgroups can no longer be told: others of this kind may be a function's.
  const ended = new Deno.Command("true").spawn();
  await ended.status;
  assert.equal(readArgStart(ended.pid), undefined);
  scene.ask({ pid: ended.pid });
  assert.deepEqual(scene.remembered, [0, undefined]);
});

Deno.test("Classifier remembers what a rule says of a process that has ended, where its place had no say", async () => {
  await using scene = new Scene(undefined, ["quick=comm:quick", "cgroup:/a/{function}", "late=comm:late"]);
  const gone = 2 ** 22 + 7;
  scene.ask({ pid: gone, comm: "quick" });
  assert.deepEqual(scene.remembered.splice(0), [scene.functions.byName("quick")!.id]);
  // Whether the rule on cgroups would have matched is not known.
  scene.ask({ pid: gone, comm: "late" });
  scene.ask({ pid: gone, comm: "other" });
  assert.deepEqual(scene.remembered, [undefined, undefined]);
});

Deno.test("Classifier tells functions of one name on two platforms apart", async () => {
  await using scene = new Scene(FIB);
  scene.ask();
  const other = scene.functions.discovered("fib", { platform: "other", foundBy: "x" }, "/d");
  assert.equal(other.name, "fib@other");
  assert.equal(scene.functions.discovered("fib", { platform: "test", foundBy: "x" }, "/e").name, "fib");
});

Deno.test("Classifier does not remember of a cgroup what it read after the process had been moved", async () => {
  await using scene = new Scene(FIB);
  // The runtime called exec in containerd's cgroup, and was in the container's by the time that it was looked at.
  scene.ask({ cgroupId: 5 });
  scene.ask();
  assert.deepEqual(scene.remembered, [undefined, { discovered: 1, asksOfEntrants: true }]);
  await using none = new Scene(undefined);
  none.ask({ cgroupId: 5 });
  none.ask();
  assert.deepEqual(none.remembered, [undefined, 0]);
  await using blind = new Scene(FIB);
  blind.cgroupId = undefined;
  blind.ask();
  assert.deepEqual(blind.remembered, [undefined], "where cgroups have no numbers, it may have been moved");
});

Deno.test("Classifier remembers nothing of a cgroup that the platform uses again", async () => {
  await using scene = new Scene(FIB);
  scene.source.fleeting = true;
  scene.ask();
  scene.source.what = { ...FIB, name: "next" };
  scene.ask();
  assert.deepEqual(scene.remembered, [undefined, undefined]);
  assert.deepEqual(scene.adopted.map(({ functionId }) => functionId), [1, 2]);
});

Deno.test("Classifier leaves with a rule's invocation what that has forked, whatever its place tells", async () => {
  await using scene = new Scene(FIB);
  const ruled = scene.functions.named("mine", "r1");
  scene.ask({ currentFunctionId: ruled.id });
  assert.equal(scene.adopted.length, 0);
  const fib = scene.functions.byName("fib")!;
  assert.deepEqual(scene.remembered, [{ discovered: fib.id, asksOfEntrants: true }], "others there are its");
  // From another discovered function it is taken.
  const other = scene.functions.discovered("other", { platform: "test", foundBy: "x" }, "/d");
  scene.ask({ currentFunctionId: other.id });
  assert.equal(scene.adopted[0]?.functionId, fib.id);
});

Deno.test("Classifier keeps a rule's function and a discovered one of its name apart", async () => {
  await using scene = new Scene(FIB, ["fib=comm:no-such-process"]);
  scene.ask();
  assert.deepEqual([...scene.functions].map(({ name }) => name), ["fib@test"]);
  const ruled = scene.functions.named("fib", "r1");
  assert.deepEqual([ruled.name, ruled.platform], ["fib", "rule"]);
  const found = scene.functions.byName("fib@test")!;
  assert.deepEqual([scene.classifier.modes.of(found.id), scene.classifier.modes.of(ruled.id)], [
    "warm",
    "process",
  ]);
  // The other way round.
  const later = new FunctionTable(() => {});
  later.discovered("a", { platform: "test", foundBy: "x" }, "/d");
  assert.equal(later.named("a", "r1").name, "a@rule");
  const long = "x".repeat(255), twin = "x".repeat(254) + "y";
  for (const name of [long, twin]) later.discovered(name, { platform: "test", foundBy: "x" }, "/d");
  const names = [long, twin].map((name) => later.named(name, "r1").name);
  assert.ok(names.every((name) => name.length <= 255 && name.endsWith("@rule")));
  assert.notEqual(names[0], names[1]);
  await using excluded = new Scene(FIB, ["fib=comm:no-such-process"], ["*@test"]);
  excluded.ask();
  assert.deepEqual(excluded.remembered, ["excluded"]);
});

Deno.test("Classifier lets processes go of what is no function any more, and takes the cgroup from the one before", async () => {
  await using scene = new Scene(FIB);
  scene.ask();
  const fib = scene.functions.byName("fib")!;
  scene.source.what = { ...FIB, name: "other" };
  scene.source.changed("i");
  const other = scene.functions.byName("other")!;
  assert.deepEqual([fib.cgroups.size, other.cgroups.size], [0, 1]);
  assert.deepEqual(scene.adopted.map(({ functionId }) => functionId), [fib.id, other.id]);
  scene.source.what = { kind: "unknown", hint: "its label is gone" };
  scene.source.changed("i");
  assert.equal(other.cgroups.size, 0);
  assert.deepEqual(scene.adopted.at(-1), { pid: scene.process.pid, functionId: 0, root: scene.process.pid });
});

Deno.test("Classifier outlives what the kernel refuses while nobody waits, and is told again", async () => {
  await using scene = new Scene({ kind: "unknown", hint: "nothing names it" });
  scene.ask();
  scene.refuses = true;
  scene.source.what = FIB;
  scene.source.changed("i");
  assert.deepEqual(scene.classifier.failures, { kernel_refused: 1 });
  scene.refuses = false;
  scene.discovery.sweep();
  assert.equal(scene.adopted[0]?.functionId, scene.functions.byName("fib")!.id);
});

Deno.test("Classifier takes what was put into a container for no function, and for no reason to leave that alone", async () => {
  await using scene = new Scene(FIB);
  scene.hasEntered = true;
  scene.ask();
  assert.deepEqual([[...scene.functions], scene.adopted, scene.remembered], [[], [], [undefined]]);
  assert.deepEqual(scene.helpers, [[7, 7]], "up to the container's own cgroup");
  scene.hasEntered = false;
  scene.ask();
  assert.equal(scene.adopted[0]?.functionId, scene.functions.byName("fib")!.id);
  scene.hasEntered = true;
  scene.ask();
  scene.cgroupId = "gone";
  scene.discovery.sweep();
  assert.deepEqual(scene.helpers, [[7, 7], [7, undefined]]);
});

Deno.test("Classifier takes what comes into a sandbox for the function's where the platform puts it in itself", async () => {
  await using scene = new Scene(FIB);
  scene.source.filledFromOutside = true;
  scene.hasEntered = true;
  scene.ask();
  assert.deepEqual(scene.remembered, [{ discovered: 1, asksOfEntrants: false }]);
  assert.equal(scene.adopted[0]?.functionId, 1);
});

Deno.test("FunctionTable gives the ids of OpenLambda's workers to functions of rules alone", () => {
  const table = new FunctionTable(() => {}, new Map([["fib", "20"]]));
  assert.equal(table.discovered("fib", { platform: "docker", foundBy: "x" }, "/d").platformId, undefined);
  const other = new FunctionTable(() => {}, new Map([["fib", "20"]]));
  assert.equal(other.named("fib", "r1").platformId, "20");
});
