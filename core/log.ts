/** Logging: one line per message on standard error, as text or JSON. */

import {
  configureSync,
  getJsonLinesFormatter,
  getTextFormatter,
  type LogLevel,
  type LogRecord,
  type Sink,
} from "@logtape/logtape";
import { cutTo, escaped, oneLine } from "../observe/names.ts";
import { LogLimiter } from "./log_limit.ts";

/** Longest value, and longest line, in characters: a megabyte in a name must not fill a disk. */
const MOST_VALUE = 1000, MOST_LINE = 4000;

/**
 * Sets up logging for the whole process. Whatever a message holds, it is one line without a character that could act on a
 * terminal; the same message comes at most once a minute, with a count.
 */
export function configureLog(level: LogLevel, format: "text" | "json"): void {
  const encoder = new TextEncoder();
  const line = lineFormatter(format);
  const limiter = new LogLimiter((record) => void Deno.stderr.writeSync(encoder.encode(line(record))));
  // In one go: what logtape disposes of in steps it no longer does when the program ends.
  configureSync({
    reset: true,
    sinks: { stderr: disposable(limiter) },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
      { category: ["alps"], lowestLevel: level, sinks: ["stderr"] },
    ],
  });
}

/** A sink that logtape disposes of when the program ends: what was held back is written then. */
function disposable(limiter: LogLimiter): Sink & Disposable {
  return Object.assign((record: LogRecord) => limiter.write(record), {
    [Symbol.dispose]: () => limiter[Symbol.dispose](),
  });
}

/** Makes a record one line, its line feed included. */
export function lineFormatter(format: "text" | "json"): (record: LogRecord) => string {
  if (format === "json") {
    const json = getJsonLinesFormatter();
    // JSON escapes no more than it must; what is left stands within its strings, where an escape means the same.
    return (record) => escaped(json(bounded(record)).trimEnd()) + "\n";
  }
  const text = getTextFormatter({
    timestamp: "rfc3339",
    level: "full",
    category: ".",
    value: (value, inspect) => oneLine(inspect(value), MOST_VALUE),
  });
  return (record) => oneLine(text(bounded(record)).trimEnd(), MOST_LINE) + "\n";
}

/** The record with its long texts cut. */
function bounded(record: LogRecord): LogRecord {
  return {
    ...record,
    message: record.message.map((part, index) => index % 2 === 0 ? cut(part, MOST_LINE) : cut(part)),
    properties: Object.fromEntries(
      Object.entries(record.properties).map(([key, value]) => [key, cut(value)]),
    ),
  };
}

function cut(value: unknown, most = MOST_VALUE): unknown {
  if (typeof value === "string") return cutTo(value, most);
  // An error's stack says where it was, which takes more room.
  if (value instanceof Error) return cutTo(value.stack ?? value.message, MOST_LINE);
  if (typeof value !== "object" || value === null) return value;
  const text = JSON.stringify(value) ?? "";
  return text.length <= most ? value : cutTo(text, most);
}
