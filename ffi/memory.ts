/** Small conversions between JavaScript and C memory. */

const encoder = new TextEncoder();
// A byte order mark is a part of the text like any other: a name with one is not the name without.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A NUL-terminated copy of a string. A NUL inside would cut it short in C, so it is refused. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) throw new TypeError(`cannot pass ${JSON.stringify(text)} to C: it holds a NUL`);
  return encoder.encode(text + "\0");
}

/** The text of a fixed-size C character array, up to its first NUL. Invalid UTF-8 becomes U+FFFD. */
export function fromCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** The memory behind a C pointer, without copying. It is valid as long as the mapping is. */
export function memoryAt(pointer: Deno.PointerObject, bytes: number): ArrayBuffer {
  return Deno.UnsafePointerView.getArrayBuffer(pointer, bytes);
}
