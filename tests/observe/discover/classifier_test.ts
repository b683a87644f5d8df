/** The classifier with discovery: rules first, then what a process's place tells. */

import assert from "node:assert/strict";
import { Classifier } from "../../../observe/classifier.ts";
import { Discovery } from "../../../observe/discover/discovery.ts";
import type { Found, Source } from "../../../observe/discover/source.ts";
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

  constructor(public what: Found["what"] | undefined) {}

  find(): Found | undefined {
    return this.what && { cgroup: "/c", instance: "i", what: this.what };
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
  /** A process that is really there. */
  readonly process = new Deno.Command("sleep", { args: ["60"] }).spawn();

  constructor(what: Found["what"] | undefined, rules: string[] = [], exclude: string[] = []) {
    this.source = new One(what);
    this.discovery = new Discovery([this.source], () => true);
    const kernel = {
      setRules() {},
      setMode() {},
      setHelper() {},
      watchIdle() {},
      idleLengths: () => undefined,
      remember: (_key: Uint8Array, _generation: number, verdict: KeyVerdict) =>
        void this.remembered.push(verdict),
      adopt: (adoptions: readonly Adoption[]) => {
        this.adopted.push(...adoptions);
        return 0;
      },
    };
    const ruleSet = new RuleSet(new Exclusions({ ...NO_EXCLUSIONS, functions: exclude }));
    this.classifier = new Classifier(kernel, ruleSet, this.functions, this.discovery);
    for (const rule of rules) ruleSet.add(parseRule(rule, "command line"));
    this.source.start = (changed) => this.source.changed = changed;
    // Only the scene's own process is asked about: what runs on this machine besides is left out.
    this.discovery.start({
      changed: () => {},
      gone: () => {},
      helps: () => true,
    });
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
  assert.deepEqual([...fib.cgroups], ["/c"]);
  assert.equal(scene.classifier.modes.of(fib.id), "warm");
  assert.deepEqual(scene.remembered, [fib.id]);
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

Deno.test("Classifier tells functions of one name on two platforms apart", async () => {
  await using scene = new Scene(FIB);
  scene.ask();
  const other = scene.functions.discovered("fib", { platform: "other", foundBy: "x" }, "/d");
  assert.equal(other.name, "fib@other");
  assert.equal(scene.functions.discovered("fib", { platform: "test", foundBy: "x" }, "/e").name, "fib");
});
