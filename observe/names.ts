/**
 * Names of functions. A name may come from a path, a command line or a request, so it is hostile input: it ends up in
 * terminals, logs, metrics and URLs.
 */

/** Most bytes that a function's name may have, in UTF-8. */
export const MAX_NAME_BYTES = 255;

/**
 * Control characters, line and paragraph separators, and the marks that reverse the direction of text: all of them can
 * make a terminal or a log show something else than what is there.
 */
const CONTROL = /[\p{Cc}\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** What an undecodable byte became when it was read: two different names would look like one. */
const UNDECODABLE = /\ufffd/;

const encoder = new TextEncoder();

/**
 * Why `name` cannot be a function's name, or undefined where it can: 1 to 255 bytes of UTF-8 without control
 * characters, and neither `.` nor `..`, which no URL can carry as a part of its path.
 */
export function nameProblem(name: string): string | undefined {
  if (name === "") return "the name is empty";
  // A UTF-16 unit takes at least one byte, so the first test spares encoding what is far too long.
  const bytes = name.length > MAX_NAME_BYTES ? name.length : encoder.encode(name).length;
  if (bytes > MAX_NAME_BYTES) return `the name is longer than ${MAX_NAME_BYTES} bytes`;
  if (CONTROL.test(name)) return "the name contains a control character";
  if (!name.isWellFormed() || UNDECODABLE.test(name)) return "the name is not valid UTF-8";
  if (name === "." || name === "..") return "the name is a dot or two, which no URL can carry";
  return undefined;
}

/** Most characters of a foreign text that a message repeats. */
const MAX_SHOWN = 120;

/**
 * A foreign text as a message may show it: on one line, shortened, and with control characters escaped. Text that needs
 * no escaping stays as it is.
 */
export function shown(text: string): string {
  return oneLine(text, MAX_SHOWN);
}

/** A foreign text of any length as one line of about `most` characters, with control characters escaped. */
export function oneLine(text: string, most: number): string {
  return escaped(cutTo(text, most));
}

/** A text, shortened to `most` characters and an ellipsis where it is longer. */
export function cutTo(text: string, most: number): string {
  return text.length > most ? text.slice(0, most).toWellFormed() + "…" : text;
}

/**
 * A text with what could make a terminal or a log show something else written as `\u001b`. In JSON this changes nothing:
 * such characters stand within its strings only.
 */
export function escaped(text: string): string {
  if (!CONTROL.test(text) && text.isWellFormed()) return text;
  return text.replace(
    /[\p{Cc}\p{Cs}\u061c\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** {@link escaped}, with the line feeds left: for texts of several lines whose parts are foreign. */
export function escapedLines(text: string): string {
  return text.split("\n").map(escaped).join("\n");
}
