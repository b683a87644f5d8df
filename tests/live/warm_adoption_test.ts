/** Warm instances that are taken in just while they fall idle: nothing of them may seem to be at work from then on, or to live for ever. */

import assert from "node:assert/strict";
import { Instance } from "./instance.ts";
import { type Lab, liveTest, PATIENCE, until } from "./lab.ts";

/** How often instances are started: on an emulated machine as long as on a real one. */
const rounds = (count: number) => Math.ceil(count / PATIENCE);

/** Starts instances that are asked about each, and waits until all are idle without having had a request. */
async function startAndFallIdle(lab: Lab, count: number, ...args: (string | number)[]) {
  lab.classifier.voidVerdicts();
  await using stack = new AsyncDisposableStack();
  for (let i = 0; i < count; i++) stack.use(await Instance.start(lab, "f", ...args));
  await until(
    "all are taken in",
    () => new Set(lab.observer.members().map((m) => m.slot)).size === 1 + count,
  );
  await until(() => `idleness: ${JSON.stringify(lab.observer.shared.counters())}`, () => {
    const { active, runnable } = lab.observer.shared.counters();
    return active === 0 && runnable === 0;
  });
}

/** None that has ended is taken to live on: a task counted twice would keep its instance. */
async function onlyFirstIsLeft(lab: Lab) {
  const known = () => lab.instances.get(lab.functions.byName("f")!.id);
  await until(() => `one instance of ${known()}`, () => known() === 1);
  assert.equal(lab.observer.shared.counters().lostNoMemory, 0);
}

/** One instance that stays: the program is copied once, and not while it runs. */
function first(lab: Lab): Promise<Instance> {
  lab.rule("exe:{lab}/{function};mode=warm");
  return Instance.start(lab, "f");
}

Deno.test(liveTest(
  "warm: many new instances at once: that each one's start-up has ended is known without a request",
  async (lab) => {
    await using _ = await first(lab);
    for (let i = 0; i < rounds(15); i++) await startAndFallIdle(lab, 8);
    await onlyFirstIsLeft(lab);
  },
));

Deno.test(liveTest(
  "warm: threads that start, sleep and exit just while they are taken in count once, and not as running",
  async (lab) => {
    await using _ = await first(lab);
    for (let i = 0; i < rounds(100); i++) await startAndFallIdle(lab, 2, "-t", 48);
    await onlyFirstIsLeft(lab);
  },
));
