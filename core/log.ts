/** Logging: one line per message on standard error, as text or JSON. */

import { configure, getJsonLinesFormatter, getTextFormatter, type LogLevel } from "@logtape/logtape";
import { escaped } from "../observe/names.ts";

/** Sets up logging for the whole process. Values in messages are quoted, so that a hostile name cannot forge a line. */
export async function configureLog(level: LogLevel, format: "text" | "json"): Promise<void> {
  const formatter = format === "json" ? getJsonLinesFormatter() : getTextFormatter({
    timestamp: "rfc3339",
    level: "full",
    category: ".",
    value: (value, inspect) => escaped(inspect(value)),
  });
  const encoder = new TextEncoder();
  await configure({
    reset: true,
    sinks: { stderr: (record) => void Deno.stderr.writeSync(encoder.encode(formatter(record))) },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "warning", sinks: ["stderr"] },
      { category: ["alps"], lowestLevel: level, sinks: ["stderr"] },
    ],
  });
}
