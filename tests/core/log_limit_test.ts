import assert from "node:assert/strict";
import type { LogLevel, LogRecord } from "@logtape/logtape";
import { type LogClock, LogLimiter, type LogLimits } from "../../core/log_limit.ts";

/** A clock that a test moves. */
class FakeClock implements LogClock {
  #nowMs = 0;
  #timers = new Set<{ atMs: number; action: () => void }>();

  get pending(): number {
    return this.#timers.size;
  }

  after(ms: number, action: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, action };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  pass(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (!next) break;
      this.#timers.delete(next);
      this.#nowMs = next.atMs;
      next.action();
    }
    this.#nowMs = endMs;
  }
}

function record(template: string, value?: unknown, level: LogLevel = "warning"): LogRecord {
  const [before = "", after] = template.split("{value}");
  return {
    category: ["alps", "test"],
    level,
    rawMessage: template,
    message: after === undefined ? [template] : [before, value, after],
    timestamp: 0,
    properties: value === undefined ? {} : { value },
  };
}

function limited(limits: LogLimits = {}) {
  const written: LogRecord[] = [];
  const clock = new FakeClock();
  const limiter = new LogLimiter((one) => void written.push(one), { clock, ...limits });
  const texts = () => written.splice(0).map(({ message }) => message.map(String).join(""));
  return { limiter, clock, written, texts };
}

Deno.test("LogLimiter writes a message once a minute, then the latest with how many were left out", () => {
  const { limiter, clock, written, texts } = limited();
  for (let second = 0; second < 150; second++) {
    limiter.write(record("cannot do {value}", "this"));
    clock.pass(1000);
  }
  assert.deepEqual(written.map(({ properties }) => properties["left_out"]), [undefined, 59, 60]);
  assert.deepEqual(texts(), [
    "cannot do this",
    "cannot do this (one of 59 like it since the last line)",
    "cannot do this (one of 60 like it since the last line)",
  ]);
  clock.pass(60_000);
  assert.deepEqual(texts(), ["cannot do this (one of 30 like it since the last line)"]);
  clock.pass(60_000);
  assert.deepEqual(texts(), [], "nothing came meanwhile");
  assert.deepEqual([limiter.size, clock.pending], [0, 0], "and nothing is remembered");
  limiter.write(record("cannot do {value}", "this"));
  assert.deepEqual(texts(), ["cannot do this"]);
});

Deno.test("LogLimiter tells messages apart by category, level and text", () => {
  const { limiter, written } = limited();
  limiter.write(record("one"));
  limiter.write(record("two"));
  limiter.write(record("one", undefined, "error"));
  limiter.write({ ...record("one"), category: ["alps", "other"] });
  limiter.write(record("of {value}", 1));
  limiter.write(record("of {value}", 2));
  limiter.write(record("of {value}", new Error("x")));
  limiter.write(record("of {value}", Object.create(null)));
  assert.equal(written.length, 8);
});

Deno.test("LogLimiter holds back messages that differ in their values alone, after the first of a minute", () => {
  const { limiter, clock, texts } = limited({ alike: 3 });
  for (let i = 0; i < 1000; i++) limiter.write(record("name {value}", `n${i}`));
  assert.deepEqual(texts(), ["name n0", "name n1", "name n2"]);
  limiter.write(record("name {value} again", "n"));
  assert.deepEqual(texts(), ["name n again"], "another message has nothing to do with it");
  clock.pass(60_000);
  assert.deepEqual(texts(), ["name n999 (one of 997 like it since the last line)"]);
});

Deno.test("LogLimiter bounds what it remembers, and forgets nothing that it has counted", () => {
  const { limiter, clock, texts } = limited({ alike: 1e9, most: 10 });
  limiter.write(record("first"));
  limiter.write(record("first"));
  for (let i = 0; i < 10_000; i++) limiter.write(record(`x{value}${"y".repeat(1000)}`, i));
  assert.equal(limiter.size, 10);
  assert.equal(clock.pending, 10);
  assert.ok(texts().includes("first (one of 1 like it since the last line)"));
});

Deno.test("LogLimiter keeps little of a message that is megabytes long", () => {
  const { limiter, texts } = limited();
  limiter.write(record("{value}", `${"a".repeat(5_000_000)}1`));
  limiter.write(record("{value}", `${"a".repeat(5_000_000)}2`));
  assert.equal(texts().length, 1, "they differ where nobody reads on");
});

Deno.test("LogLimiter lets trace and debug pass", () => {
  const { limiter, written } = limited();
  for (let i = 0; i < 50; i++) limiter.write(record("same", undefined, i % 2 === 0 ? "debug" : "trace"));
  assert.equal(written.length, 50);
});

Deno.test("LogLimiter writes what it holds back when it is closed", () => {
  const { limiter, clock, texts } = limited();
  for (let i = 0; i < 3; i++) limiter.write(record("last words"));
  limiter[Symbol.dispose]();
  assert.deepEqual(texts(), ["last words", "last words (one of 2 like it since the last line)"]);
  assert.equal(clock.pending, 0);
});
