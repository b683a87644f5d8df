/** Keeps a log from being flooded: what is said again and again is written once a minute, with a count. */

import type { LogRecord, Sink } from "@logtape/logtape";

/** When time passes; replaced in tests. */
export interface LogClock {
  /** Calls `action` after so many milliseconds, unless what it returns is called before. Keeps no program alive. */
  after(ms: number, action: () => void): () => void;
}

export interface LogLimits {
  /** How long a message is not written again, in milliseconds. Default a minute. */
  readonly everyMs?: number;
  /** How many messages that differ in their values alone are written in that time. Default 20. */
  readonly alike?: number;
  /** How many messages are remembered at most. Default 1000. */
  readonly most?: number;
  readonly clock?: LogClock;
}

/** Of a message's text, so much tells it from others: a hostile name may be megabytes long. */
const KEY_LENGTH = 400;

/** What was held back since the last line. */
interface Window {
  leftOut: number;
  latest: LogRecord;
  /** Messages alike that were written. */
  written: number;
  cancel: () => void;
}

/**
 * A sink before another one. A message that was written is held back for a minute when it comes again, and so are
 * messages that differ in their values alone, after the first twenty; at the minute's end the latest one held back is
 * written, with how many there were. Levels `trace` and `debug` pass as they are: who turns them on wants to see all.
 */
export class LogLimiter implements Disposable {
  readonly #windows = new Map<string, Window>();
  readonly #everyMs: number;
  readonly #alike: number;
  readonly #most: number;
  readonly #clock: LogClock;

  constructor(readonly sink: Sink, limits: LogLimits = {}) {
    this.#everyMs = limits.everyMs ?? 60_000;
    this.#alike = limits.alike ?? 20;
    this.#most = limits.most ?? 1000;
    this.#clock = limits.clock ?? systemClock;
  }

  /** How many messages it remembers. */
  get size(): number {
    return this.#windows.size;
  }

  /** Takes a record: writes it, or counts it. */
  readonly write: Sink = (record) => {
    if (record.level === "trace" || record.level === "debug") return this.sink(record);
    const place = `${record.category.join(".")} ${record.level} `;
    const same = `= ${place}${textOf(record).slice(0, KEY_LENGTH)}`;
    const alike = `~ ${place}${String(record.rawMessage).slice(0, KEY_LENGTH)}`;
    if (this.#hold(same, record, 1) || this.#hold(alike, record, this.#alike)) return;
    this.#note(alike, record);
    this.#note(same, record);
    this.sink(record);
  };

  /** Writes what was held back. */
  [Symbol.dispose](): void {
    for (const key of [...this.#windows.keys()]) this.#drop(key);
  }

  /** Counts a record where enough of its kind have been written. */
  #hold(key: string, record: LogRecord, allowed: number): boolean {
    const window = this.#windows.get(key);
    if (window === undefined || window.written < allowed) return false;
    window.leftOut++;
    window.latest = record;
    return true;
  }

  #note(key: string, latest: LogRecord): void {
    const window = this.#windows.get(key);
    if (window) {
      window.written++;
      return;
    }
    const [oldest] = this.#windows.keys();
    if (this.#windows.size >= this.#most && oldest !== undefined) this.#drop(oldest);
    this.#windows.set(key, { leftOut: 0, latest, written: 1, cancel: this.#endLater(key) });
  }

  #endLater(key: string): () => void {
    return this.#clock.after(this.#everyMs, () => {
      const window = this.#windows.get(key);
      if (!window) return;
      if (window.leftOut === 0) {
        this.#windows.delete(key);
        return;
      }
      this.sink(withCount(window));
      // That was this message's line for the next minute.
      window.leftOut = 0;
      window.written = 1;
      window.cancel = this.#endLater(key);
    });
  }

  #drop(key: string): void {
    const window = this.#windows.get(key)!;
    this.#windows.delete(key);
    window.cancel();
    if (window.leftOut > 0) this.sink(withCount(window));
  }
}

/** The latest record, which says at its end how many there were; in JSON as the property `left_out`, too. */
function withCount({ latest, leftOut }: Window): LogRecord {
  const last = String(latest.message.at(-1) ?? "");
  return {
    ...latest,
    message: [...latest.message.slice(0, -1), `${last} (one of `, leftOut, " like it since the last line)"],
    properties: { ...latest.properties, left_out: leftOut },
  };
}

function textOf({ message }: LogRecord): string {
  let text = "";
  for (const part of message) {
    if (text.length >= KEY_LENGTH) break;
    if (typeof part === "string") text += part.slice(0, KEY_LENGTH);
    else {text += part instanceof Error
        ? String(part)
        : Deno.inspect(part, { depth: 1, strAbbreviateSize: 80 });}
  }
  return text;
}

const systemClock: LogClock = {
  after(ms, action) {
    const timer = setTimeout(action, ms);
    Deno.unrefTimer(timer);
    return () => clearTimeout(timer);
  },
};
