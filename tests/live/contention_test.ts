/** What makes CPUs short is decided about at once: an invocation that begins, one that was asleep for a moment. */

import assert from "node:assert/strict";
import { ALPS_LIMITS } from "../../ffi/layout.ts";
import { RingReader } from "../../ffi/ring.ts";
import { Classifier } from "../../observe/classifier.ts";
import { decodeQuestion, EventKind, InvocationEvent, kindOf } from "../../observe/events.ts";
import { FunctionTable } from "../../observe/functions.ts";
import { Observer } from "../../observe/observer.ts";
import { RuleSet } from "../../observe/rule_set.ts";
import { parseRule } from "../../observe/rules.ts";
import { nativeProgram } from "./build_native.ts";
import { liveTest, scheduling, sleep, until, whyNotLive } from "./lab.ts";
import { spinners } from "./spinners.ts";

const SCHED_IDLE = 5;

/** An observed machine of one CPU, as the kernel side is told. The ring is read by the test itself: no event thread runs. */
class Scene implements AsyncDisposable {
  readonly #resources = new AsyncDisposableStack();
  readonly #reader: RingReader;
  readonly #classifier: Classifier;
  /** By process id: whether its start's record woke the reader. */
  readonly #woken = new Map<number, boolean>();

  constructor(program: string) {
    const observer = this.#resources.use(new Observer(1));
    this.#reader = this.#resources.use(
      new RingReader(observer.libc, observer.fds.eventsFd, ALPS_LIMITS.ALPS_RING_BYTES),
    );
    const functions = new FunctionTable(({ id }) => observer.addFunction(id));
    this.#classifier = new Classifier(observer, new RuleSet(), functions);
    this.#classifier.addRules([parseRule(`f=exe:${program}`, "command line")]);
  }

  #drain(): void {
    const event = new InvocationEvent();
    this.#reader.drain((words, at, bytes) => {
      if (kindOf(words, at) === EventKind.ALPS_EVENT_CLASSIFY) {
        this.#classifier.answer(decodeQuestion(bytes, 4 * at));
        return;
      }
      event.decode(words, at);
      if (event.kind === EventKind.ALPS_EVENT_START) this.#woken.set(event.pid, event.wokeReader);
    });
  }

  /** Starts a process that spins. Returns whether that woke the reader. */
  async start(program: string): Promise<boolean> {
    const child = new Deno.Command(program, { args: ["0"], stdin: "null", stdout: "null" }).spawn();
    this.#resources.defer(async () => {
      child.kill("SIGKILL");
      await child.status;
    });
    return await until(`the start of ${child.pid}`, () => {
      this.#drain();
      const woken = this.#woken.get(child.pid);
      return woken === undefined ? false : { woken };
    }).then(({ woken }) => woken);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#resources.disposeAsync();
  }
}

Deno.test({
  name:
    "observe: the invocation with which CPUs become short wakes who decides, one that finds a CPU does not",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "alps-contention-" });
    try {
      const program = `${folder}/f`;
      await Deno.copyFile(await nativeProgram("spin"), program);
      await using scene = new Scene(program);
      // The first is asked about and joined afterwards; the others are known in the kernel when they call exec.
      assert.equal(await scene.start(program), false, "a CPU of its own");
      assert.equal(await scene.start(program), true, "one more than there are CPUs");
      assert.equal(await scene.start(program), true, "two more");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test(liveTest(
  "stock: an invocation that sleeps for a moment again and again goes before long ones all the same",
  async (lab) => {
    lab.rule("exe:{lab}/{function}");
    lab.order(["short", 1000], ["long", 1e6]);
    const long = await spinners(lab, "long", lab.cpus.length);
    const path = await lab.program("short");
    await lab.introduce(path);
    // While it wants a CPU, one of the long ones is to be in the idle class. It sleeps for 0.3 ms for every 5 ms of CPU time.
    const short = lab.start(path, "-p", 300, 500);
    let looks = 0, ordered = 0, ended = false;
    short.status.then(() => ended = true);
    for (; !ended; await sleep(1)) {
      looks++;
      if (long.some((pid) => scheduling(pid).policy === SCHED_IDLE)) ordered++;
    }
    assert.ok(ordered > looks / 2, `${ordered} of ${looks} looks`);
  },
  "stock",
));
