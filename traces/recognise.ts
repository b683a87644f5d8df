/** Which format a trace has. */
import { AZURE_2019_COLUMNS, AZURE_2019_DURATIONS_COLUMNS } from "./azure_2019.ts";
import { AZURE_2021_COLUMNS } from "./azure_2021.ts";
import { listed, needColumns } from "./csv.ts";
import { TraceError } from "./error.ts";
import type { TraceFormat } from "./formats.ts";
import { HUAWEI_2025_COLUMNS } from "./huawei_2025.ts";
import type { Source } from "./source.ts";

/** The formats that are tables. */
export type TableFormat = Exclude<TraceFormat, "alps" | "exp-result">;

/** The columns that a format cannot do without. */
export const NEEDED_COLUMNS: Readonly<Record<TableFormat, readonly string[]>> = {
  "azure-2019": AZURE_2019_COLUMNS,
  "azure-2021": AZURE_2021_COLUMNS,
  "huawei-2025": HUAWEI_2025_COLUMNS,
};

/** Enough for the longest header to show its first comma. */
const LOOKED_AT_BYTES = 4096;

/** What kind of file a trace is. */
export type Shape = "table" | "json" | "words";

/**
 * Recognises a trace by its first line.
 *
 * @returns with the shape, a source of the whole trace, which is to be read once: what the given one is read from may be a
 * pipe, and what has been looked at is not in it any more
 */
export async function shapeOf(source: Source): Promise<{ shape: Shape; whole: Source }> {
  const decoder = new TextDecoder();
  const chunks = source.chunks()[Symbol.asyncIterator](), read: Uint8Array[] = [];
  let text = "";
  while (text.length < LOOKED_AT_BYTES && !text.includes("\n")) {
    const step = await chunks.next();
    if (step.done) break;
    read.push(step.value);
    text += decoder.decode(step.value, { stream: true });
  }
  const line = text.split("\n", 1)[0]!.replace(/^\ufeff/, "");
  const shape = line.startsWith("{") ? "json" : line.includes(",") ? "table" : "words";
  return { shape, whole: { name: source.name, chunks: () => goOn(read, chunks) } };
}

/** What has been read, then the rest. */
async function* goOn(read: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* read.splice(0);
    yield* { [Symbol.asyncIterator]: () => rest };
  } finally {
    await rest.return?.();
  }
}

/**
 * The format of a table by the names of its columns: one that has all that it needs, else the one of which most are there.
 *
 * @throws TraceError that names what is missing and what was found
 */
export function recogniseTable(columns: readonly string[]): TableFormat {
  const found = (needed: readonly string[]) => needed.filter((column) => columns.includes(column)).length;
  const shares = (Object.entries(NEEDED_COLUMNS) as [TableFormat, readonly string[]][])
    .map(([format, needed]) => ({ format, needed, share: found(needed) / needed.length }))
    .sort((a, b) => b.share - a.share);
  const { format, needed, share } = shares[0]!;
  if (share < 1 && found(AZURE_2019_DURATIONS_COLUMNS) === AZURE_2019_DURATIONS_COLUMNS.length) {
    throw new TraceError(1, "it has the durations of an azure-2019 trace, wanted the table of invocations");
  }
  if (share >= 0.5) {
    needColumns(columns, needed);
    return format;
  }
  const known = shares.map(({ format, needed }) => `${format} (${needed.join(", ")})`).sort().join(", ");
  throw new TraceError(1, `no known trace has these columns: ${listed(columns)}; wanted those of ${known}`);
}
