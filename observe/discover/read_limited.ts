/** Reading what others have written: never more than a bound, never an error where there is nothing to read. */

/** A file's or an answer's contents, or why there are none. */
export type Limited = { readonly text: string } | { readonly problem: "absent" | "too long" };

const decoder = new TextDecoder();

/** Reads a file of at most `most` bytes. */
export function readLimited(path: string, most: number): Limited {
  try {
    using file = Deno.openSync(path);
    const { size } = file.statSync();
    if (size > most) return { problem: "too long" };
    const bytes = new Uint8Array(size + 1);
    let length = 0;
    for (let got; length < bytes.length; length += got) {
      got = file.readSync(bytes.subarray(length)) ?? 0;
      if (got === 0) break;
    }
    // It has grown meanwhile: it is being written, and will be looked at again.
    return length > size ? { problem: "absent" } : { text: decoder.decode(bytes.subarray(0, length)) };
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
