/** Reading what others have written: never more than a bound, never an error where there is nothing to read. */

/** A file's or an answer's contents, or why there are none. */
export type Limited = { readonly text: string } | { readonly problem: "absent" | "too long" };

const decoder = new TextDecoder();

/** Reads a file of at most `most` bytes. */
export function readLimited(path: string, most: number): Limited {
  try {
    using file = Deno.openSync(path);
    // Files in /proc have no size: what comes counts.
    let bytes = new Uint8Array(Math.min(file.statSync().size, most) + 4096), length = 0;
    for (;;) {
      const got = file.readSync(bytes.subarray(length)) ?? 0;
      if (got === 0) return { text: decoder.decode(bytes.subarray(0, length)) };
      length += got;
      if (length > most) return { problem: "too long" };
      if (length === bytes.length) {
        const larger = new Uint8Array(2 * length);
        larger.set(bytes);
        bytes = larger;
      }
    }
  } catch {
    return { problem: "absent" };
  }
}

/** The value of a JSON text; undefined where it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON, or nested too deeply for the parser.
    return undefined;
  }
}

/** An object's own property, as hostile JSON may have it. */
export function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** A text at a path of properties; undefined where there is none. */
export function textAt(value: unknown, ...path: string[]): string | undefined {
  const found = path.reduce(property, value);
  return typeof found === "string" ? found : undefined;
}

/** The entries of an object whose values are texts; labels and the like. */
export function textsOf(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const found: Record<string, string> = Object.create(null);
  for (const [name, text] of Object.entries(value)) if (typeof text === "string") found[name] = text;
  return found;
}

/** The elements of a list; empty where it is none. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
