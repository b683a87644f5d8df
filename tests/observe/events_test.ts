import assert from "node:assert/strict";
import { ALPS_CLASSIFY, ALPS_EVENT, ALPS_KEY, ALPS_LIMITS } from "../../ffi/layout.ts";
import { decodeQuestion, EventKind, InvocationEvent } from "../../observe/events.ts";
import { nameProblem } from "../../observe/names.ts";

const encode = (text: string) => new TextEncoder().encode(text);

interface RawQuestion {
  comm?: string | Uint8Array;
  args?: string | Uint8Array;
  argsLen?: number;
  path?: string | Uint8Array;
}

/** A `struct alps_classify` in the middle of other memory; `at` is where it begins. */
function rawQuestion({ comm = "", args = "", argsLen, path = "" }: RawQuestion): [Uint8Array, number] {
  const at = 64, memory = new Uint8Array(at + ALPS_CLASSIFY.size + 64).fill(0xee);
  const record = memory.subarray(at, at + ALPS_CLASSIFY.size).fill(0);
  const view = new DataView(memory.buffer, at);
  const bytes = (text: string | Uint8Array) => typeof text === "string" ? encode(text) : text;
  view.setUint32(ALPS_CLASSIFY.kind, EventKind.ALPS_EVENT_CLASSIFY, true);
  view.setUint32(ALPS_CLASSIFY.pid, 4_000_000, true);
  view.setUint32(ALPS_CLASSIFY.parent_pid, 17, true);
  view.setUint32(ALPS_CLASSIFY.rules_generation, 3, true);
  view.setUint32(ALPS_CLASSIFY.current_function_id, 9, true);
  view.setUint32(ALPS_CLASSIFY.args_len, argsLen ?? bytes(args).length, true);
  view.setBigUint64(ALPS_CLASSIFY.process_start_ns, 2n ** 40n + 1n, true);
  view.setBigUint64(ALPS_CLASSIFY.begin_ns, 2n ** 40n + 2n, true);
  view.setBigUint64(ALPS_CLASSIFY.exec_base_ns, 5n, true);
  view.setBigUint64(ALPS_CLASSIFY.arg_start, 2n ** 46n, true);
  view.setBigUint64(ALPS_CLASSIFY.cgroup_id, 2n ** 40n + 3n, true);
  view.setBigUint64(ALPS_CLASSIFY.key + ALPS_KEY.inode, 77n, true);
  view.setUint32(ALPS_CLASSIFY.key + ALPS_KEY.uid, 1000, true);
  record.set(bytes(path), ALPS_CLASSIFY.key + ALPS_KEY.path);
  record.set(bytes(comm), ALPS_CLASSIFY.comm);
  record.set(bytes(args), ALPS_CLASSIFY.args);
  return [memory, at];
}

Deno.test("InvocationEvent.decode() reads every field at its place, 64-bit ones exactly", () => {
  const words = new Uint32Array(100).fill(0xffff_ffff), at = 31;
  const view = new DataView(words.buffer, 4 * at);
  const numbers = ["kind", "slot", "generation", "function_id", "pid", "tid", "preemptions"] as const;
  numbers.forEach((field, i) => view.setUint32(ALPS_EVENT[field], 0xffff_fff0 + i, true));
  const later = ["sequence", "flags", "idle_periods"] as const;
  later.forEach((field, i) => view.setUint32(ALPS_EVENT[field], 0xffff_ff00 + i, true));
  view.setUint32(ALPS_EVENT.woke_reader, 1, true);
  const times = [
    "time_ns",
    "start_ns",
    "first_run_ns",
    "cpu_ns",
    "wait_ns",
    "end_ns",
    "task_start_ticks",
  ] as const;
  times.forEach((field, i) => view.setBigUint64(ALPS_EVENT[field], 2n ** 53n - 1n - BigInt(i), true));

  const event = new InvocationEvent();
  event.decode(words, at);
  const { kind, slot, generation, functionId, pid, tid, preemptions } = event;
  assert.deepEqual(
    [kind, slot, generation, functionId, pid, tid, preemptions],
    numbers.map((_, i) => 0xffff_fff0 + i),
  );
  assert.equal(event.wokeReader, true);
  const { sequence, flags, idlePeriods } = event;
  assert.deepEqual([sequence, flags, idlePeriods], later.map((_, i) => 0xffff_ff00 + i));
  const { timeNs, startNs, firstRunNs, cpuNs, waitNs, endNs, taskStartTicks } = event;
  assert.deepEqual(
    [timeNs, startNs, firstRunNs, cpuNs, waitNs, endNs, taskStartTicks],
    times.map((_, i) => 2 ** 53 - 1 - i),
  );
});

Deno.test("InvocationEvent.decode() leaves nothing of the record before", () => {
  const event = new InvocationEvent();
  event.decode(new Uint32Array(ALPS_EVENT.size / 4).fill(7), 0);
  event.decode(new Uint32Array(ALPS_EVENT.size / 4), 0);
  assert.deepEqual({ ...event }, { ...new InvocationEvent() });
});

Deno.test("decodeQuestion() reads every field", () => {
  const [bytes, at] = rawQuestion({ comm: "python3", args: "python3\0-m\0fn\0", path: "/usr/bin/python3" });
  const { key, ...question } = decodeQuestion(bytes, at);
  assert.deepEqual(question, {
    pid: 4_000_000,
    parentPid: 17,
    rulesGeneration: 3,
    currentFunctionId: 9,
    processStartNs: 2 ** 40 + 1,
    beginNs: 2 ** 40 + 2,
    execBaseNs: 5,
    argStart: 2 ** 46,
    cgroupId: 2 ** 40 + 3,
    uid: 1000,
    comm: "python3",
    commandLine: "python3 -m fn",
    execPath: "/usr/bin/python3",
  });
  assert.equal(key.length, ALPS_KEY.size);
  assert.equal(new DataView(key.buffer).getBigUint64(ALPS_KEY.inode, true), 77n);
});

Deno.test("decodeQuestion() copies: the ring's memory may change afterwards", () => {
  const [bytes, at] = rawQuestion({ comm: "fn", args: "fn", path: "/fn" });
  const question = decodeQuestion(bytes, at);
  const before = structuredClone(question);
  bytes.fill(0xff);
  assert.deepEqual(question, before);
  assert.ok(question.key.buffer !== bytes.buffer);
});

Deno.test("decodeQuestion() takes names that fill their array, without a NUL", () => {
  const comm = "c".repeat(ALPS_LIMITS.ALPS_COMM_LEN), path = "p".repeat(ALPS_LIMITS.ALPS_PATH_LEN);
  const args = "a".repeat(ALPS_LIMITS.ALPS_ARGS_LEN);
  const question = decodeQuestion(...rawQuestion({ comm, path, args }));
  assert.deepEqual([question.comm, question.execPath, question.commandLine], [comm, path, args]);
});

Deno.test("decodeQuestion() never reads beyond its record, whatever length the record claims", () => {
  for (const argsLen of [513, 10_000, 0xffff_ffff]) {
    const { commandLine } = decodeQuestion(...rawQuestion({ args: "f\0x", argsLen }));
    assert.equal(commandLine, "f x", `a length of ${argsLen}`);
  }
});

Deno.test("decodeQuestion() keeps the parts of a command line apart, empty ones included", () => {
  const line = (args: string) => decodeQuestion(...rawQuestion({ args })).commandLine;
  assert.equal(line("fn\0\0--x\0"), "fn  --x");
  assert.equal(line("fn\0"), "fn");
  assert.equal(line("\0\0\0"), "");
  assert.equal(line(""), "");
});

Deno.test("decodeQuestion() hands hostile names on such that they are refused as functions' names", () => {
  const hostile: (string | Uint8Array)[] = [
    "\x1b[2J",
    "a\nb",
    "a\r\x07",
    new Uint8Array([0x66, 0xff, 0xfe]),
    new Uint8Array([0xed, 0xa0, 0x80]), // half a surrogate pair
    new Uint8Array([0x66, 0xc3]), // a character cut in two
    "a\u202eb",
  ];
  for (const comm of hostile) {
    const question = decodeQuestion(...rawQuestion({ comm, args: comm, path: comm }));
    for (const name of [question.comm, question.commandLine, question.execPath]) {
      assert.notEqual(nameProblem(name), undefined, JSON.stringify(name));
    }
  }
});

Deno.test("decodeQuestion() keeps a byte order mark: another name must not pass for one without", () => {
  const question = decodeQuestion(...rawQuestion({ comm: "\ufefffn", args: "\ufefffn", path: "\ufefffn" }));
  const { comm, commandLine, execPath } = question;
  assert.deepEqual([comm, commandLine, execPath], ["\ufefffn", "\ufefffn", "\ufefffn"]);
});
