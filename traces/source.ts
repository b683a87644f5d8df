/** Where the bytes of a trace come from: a file, or in tests a text. */
import { FailedError } from "../cli/errors.ts";
import { osReason } from "../ffi/errors.ts";
import { shown } from "../observe/names.ts";
import { TraceError } from "./error.ts";

/** Something that can be read. */
export interface Source {
  /** For messages. */
  readonly name: string;
  /** Reads it from its beginning; closes it when the reading ends, also early. Called once: it may be a pipe. */
  chunks(): AsyncIterable<Uint8Array>;
}

/** Bytes of a line or record, at most: a file without line ends must not fill the memory. */
export const MOST_LINE_BYTES = 1 << 20;

const CHUNK_BYTES = 1 << 16;

/** A file; reading it throws FailedError where it cannot be read. */
export function fileSource(path: string): Source {
  return {
    name: path,
    async *chunks() {
      using file = await readable(path, () => Deno.open(path));
      for (;;) {
        // A new buffer each time: what reads from this may keep parts of it.
        const buffer = new Uint8Array(CHUNK_BYTES);
        const count = await readable(path, () => file.read(buffer));
        if (count === null) return;
        yield buffer.subarray(0, count);
      }
    },
  };
}

async function readable<T>(path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw new FailedError(`cannot read trace "${shown(path)}": ${shown(osReason(error))}`, { cause: error });
  }
}

/** Bytes in memory, in chunks of `chunkBytes`. */
export function memorySource(name: string, bytes: Uint8Array, chunkBytes = CHUNK_BYTES): Source {
  return {
    name,
    async *chunks() {
      for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
      await Promise.resolve();
    },
  };
}

/** A line without its line feed. */
export interface Line {
  readonly number: number;
  readonly text: string;
  /** False for a last line that no line feed follows. */
  readonly complete: boolean;
}

/**
 * The lines of a source. What follows the last line feed is a line where it is not empty.
 *
 * @throws TraceError for a line that is too long
 */
export async function* linesOf(source: Source): AsyncGenerator<Line> {
  const decoder = new TextDecoder();
  // A line's pieces are joined at its end: joining a long one at each chunk takes time in the square of its length.
  let pieces: string[] = [], length = 0, number = 0;
  const take = (piece: string) => {
    length += piece.length;
    if (length > MOST_LINE_BYTES) {
      throw new TraceError(number + 1, `it is longer than ${MOST_LINE_BYTES} bytes`);
    }
    pieces.push(piece);
  };
  const line = (complete: boolean): Line => {
    const text = pieces.join("");
    pieces = [];
    length = 0;
    return { number: ++number, text, complete };
  };
  for await (const chunk of source.chunks()) {
    const [first, ...others] = decoder.decode(chunk, { stream: true }).split("\n");
    take(first!);
    for (const other of others) {
      yield line(true);
      take(other);
    }
  }
  take(decoder.decode());
  if (length > 0) yield line(false);
}
