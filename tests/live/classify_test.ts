/** What becomes of processes that the kernel side asks about, beyond the plain cases of observe_test.ts. */

import assert from "node:assert/strict";
import { childrenOf, liveTest, until } from "./lab.ts";

Deno.test(liveTest(
  "observe: a process that is asked about twice before the answer is one invocation, and not gone",
  async (lab) => {
    const f = await lab.program("f");
    lab.rule("cmd:/f -n fn-(?<function>[a-z]+) "); // asked about at exec and at each rename
    lab.rule("comm:fn-{function}");
    for (let i = 0; i < 10; i++) {
      const process = lab.start(f, "-n", "fn-again", 0);
      const asked = () => lab.questions.filter(({ pid }) => pid === process.pid);
      await until(
        () => `both questions; ${JSON.stringify(asked().map(({ comm, execPath }) => [comm, execPath]))}`,
        () => asked().length >= 2, // a busy machine may have it asked about while it is forked, too
      );
      process.kill("SIGKILL");
      assert.equal((await lab.record(process.pid)).name, "again");
    }
    assert.equal(lab.ended.length, 10);
    assert.deepEqual(lab.classifier.failures, {});
  },
));

Deno.test(
  liveTest("observe: a process that has ended before it was identified is counted as gone", async (lab) => {
    const f = await lab.program("f");
    lab.rule("exe:{lab}/{function}");
    const answer = lab.classifier.answer.bind(lab.classifier);
    const held: (() => void)[] = [];
    lab.classifier.answer = (question) => void held.push(() => answer(question));
    const process = lab.start(f, 1);
    await process.status;
    await until("the question", () => lab.questions.some(({ pid }) => pid === process.pid));
    for (const late of held) late();
    assert.deepEqual(lab.classifier.failures, { process_gone: 1 });
    assert.equal(lab.observer.shared.counters().active, 0);
    lab.classifier.answer = answer;
    assert.equal((await lab.record(lab.start(f, 5).pid)).name, "f", "and the next one is known at once");
  }),
);

Deno.test(liveTest("observe: hostile names come through to where they are refused", async (lab) => {
  const hostile = "\x1b[2J\n\u202efn";
  const f = await lab.program(hostile);
  lab.rule("exe:{lab}/{function}");
  await lab.start(f, 30).status;
  await until("the refusal", () => lab.classifier.failures["name_refused"]);
  assert.deepEqual([lab.ended, lab.functions.size], [[], 0]);
  // deno-lint-ignore no-control-regex -- these are what must not be there
  assert.doesNotMatch(lab.classifier.unknown[0]!.hint, /[\x00-\x1f\u202e]/);
}));

Deno.test(liveTest(
  "observe: a child that is born between the look at /proc and the adoption of its parent belongs to the invocation",
  async (lab) => {
    const gate = `${lab.folder}/gate`, family = `${lab.folder}/family`;
    await new Deno.Command("mkfifo", { args: [gate] }).output();
    await Deno.copyFile("/bin/sh", family);
    const child = await lab.program("child");
    lab.rule("family=exe:{lab}/family");
    const { kernel } = lab.classifier, adopt = kernel.adopt.bind(kernel);
    let looks = 0;
    kernel.adopt = (adoptions) => {
      if (looks++ === 0) {
        Deno.writeTextFileSync(gate, "\n");
        while (childrenOf(adoptions[0]!.pid).length === 0);
      }
      return adopt(adoptions);
    };
    const process = lab.start(family, "-c", `read _ <${gate}; ${child} 300 & wait`);
    const { cpuNs } = await lab.record(process.pid);
    assert.ok(cpuNs >= 250e6, `${cpuNs / 1e6} ms`); // up to its adoption it is as old as the last tick
    assert.ok(looks >= 2);
  },
));

Deno.test(liveTest(
  "observe: a program that has become another one before it is looked at is not taken for that",
  async (lab) => {
    const f = await lab.program("f");
    lab.rule("exe:{lab}/{function}");
    const answer = lab.classifier.answer.bind(lab.classifier);
    const held: Parameters<typeof answer>[0][] = [];
    lab.classifier.answer = (question) => void held.push(question);
    const process = lab.start("/usr/bin/env", f, 0);
    await until("both questions", () => held.filter(({ pid }) => pid === process.pid).length === 2);
    for (const question of held) answer(question);
    lab.classifier.answer = answer;
    await until("f is followed", () => lab.observer.shared.counters().active === 1);
    await lab.start("/usr/bin/env", "/bin/sleep", 0.3).status;
    process.kill("SIGKILL");
    await lab.record(process.pid);
    assert.deepEqual(lab.ended.map(({ pid }) => pid), [process.pid], "env is no function");
  },
));
