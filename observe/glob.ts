/**
 * Globs on paths and names, matched in bounded time: `*` and `{function}` stay within one part of a path, `**` crosses
 * parts, `?` is one character but `/`, a backslash takes the next character literally, everything else is literal.
 * Globs match whole strings.
 *
 * Matching never backtracks: it fills one row of booleans per token, so that its cost is at most tokens × characters
 * whatever the text is. A regular expression made from a glob such as `*a*a*a*b` would be at the mercy of whoever chooses
 * the text.
 */

/** Most characters of a pattern. */
export const MAX_PATTERN_LENGTH = 1024;

/** Most UTF-16 units of a text: the kernel's limit of a path. A longer text matches nothing. */
export const MAX_TEXT_LENGTH = 4096;

/** A pattern that cannot be compiled; the message says what is wrong, without the pattern. */
export class PatternError extends Error {
  override name = "PatternError";
}

/** What a match found: the name that `{function}` stood for, undefined where the glob has none. */
export interface GlobMatch {
  readonly functionName: string | undefined;
}

/** A compiled glob. */
export interface Glob {
  /** Whether it contains `{function}`. */
  readonly takesFunction: boolean;
  /** The literal text that everything it matches begins with. */
  readonly prefix: string;
  /** Whether the last thing in it is a literal, and which character that literal ends with. */
  readonly lastLiteral: string | undefined;
  /**
   * Matches the whole text. Where `{function}` could stand for more than one thing, tokens take as much as they can, the
   * first one first: `{function}-*` on `resize-v2-x7` finds `resize-v2`.
   */
  match(text: string): GlobMatch | undefined;
  /**
   * Matches the text, or the topmost of its ancestors (it cut before a `/`) that matches, so that whatever lies below a
   * match belongs to it.
   */
  matchAncestor(text: string): GlobMatch | undefined;
}

type Token =
  | { readonly kind: "literal"; readonly characters: readonly string[] }
  | { readonly kind: "one" | "star" | "function" | "globstar" };

const FUNCTION = "{function}";

/**
 * Compiles a glob.
 *
 * @throws {PatternError} where it is empty, longer than {@link MAX_PATTERN_LENGTH}, ends in a lone backslash or contains
 * `{function}` more than once.
 */
export function compileGlob(pattern: string): Glob {
  const tokens = tokenize(pattern);
  const first = tokens[0];
  const last = tokens.at(-1);
  const prefix = first?.kind === "literal" ? first.characters.join("") : "";
  const takesFunction = tokens.some((token) => token.kind === "function");
  const isLiteral = tokens.length === 1 && first?.kind === "literal";

  function match(text: string): GlobMatch | undefined {
    // Most texts differ from the pattern at its beginning.
    if (!text.startsWith(prefix) || text.length > MAX_TEXT_LENGTH) return undefined;
    if (isLiteral) return text === prefix ? { functionName: undefined } : undefined;
    return matchCharacters(tokens, Array.from(text));
  }

  function matchAncestor(text: string): GlobMatch | undefined {
    if (!text.startsWith(prefix) || text.length > MAX_TEXT_LENGTH) return undefined;
    const characters = Array.from(text);
    const end = topmostEnd(tokens, characters);
    return end === undefined ? undefined : matchCharacters(tokens, characters.slice(0, end));
  }

  return {
    takesFunction,
    prefix,
    lastLiteral: last?.kind === "literal" ? last.characters.at(-1) : undefined,
    match,
    matchAncestor,
  };
}

function tokenize(pattern: string): Token[] {
  if (pattern === "") throw new PatternError("the pattern is empty");
  if (pattern.length > MAX_PATTERN_LENGTH) {
    throw new PatternError(`the pattern is longer than ${MAX_PATTERN_LENGTH} characters`);
  }
  const tokens: Token[] = [];
  let literal: string[] = [];
  const push = (kind: "one" | "star" | "function" | "globstar") => {
    if (literal.length > 0) tokens.push({ kind: "literal", characters: literal });
    literal = [];
    tokens.push({ kind });
  };
  for (let at = 0; at < pattern.length;) {
    const character = String.fromCodePoint(pattern.codePointAt(at)!);
    if (pattern.startsWith(FUNCTION, at)) {
      if (tokens.some((token) => token.kind === "function")) {
        throw new PatternError(`the pattern contains ${FUNCTION} more than once`);
      }
      push("function");
      at += FUNCTION.length;
    } else if (character === "*") {
      let stars = 1;
      while (pattern[at + stars] === "*") stars++;
      push(stars > 1 ? "globstar" : "star");
      at += stars;
    } else if (character === "?") {
      push("one");
      at++;
    } else if (character === "\\") {
      if (at + 1 === pattern.length) throw new PatternError("the pattern ends in a lone backslash");
      const escaped = String.fromCodePoint(pattern.codePointAt(at + 1)!);
      literal.push(escaped);
      at += 1 + escaped.length;
    } else {
      literal.push(character);
      at += character.length;
    }
  }
  if (literal.length > 0) tokens.push({ kind: "literal", characters: literal });
  return tokens;
}

function hasLiteralAt(literal: readonly string[], characters: readonly string[], at: number): boolean {
  if (at < 0 || at + literal.length > characters.length) return false;
  for (let i = 0; i < literal.length; i++) if (characters[at + i] !== literal[i]) return false;
  return true;
}

/**
 * `rows[t][p]` says whether the tokens from `t` on match the characters from `p` on, filled from the last token to the
 * first; then a walk from the first token on, each taking as much as leaves the rest matching, finds the name.
 */
function matchCharacters(tokens: readonly Token[], characters: readonly string[]): GlobMatch | undefined {
  const length = characters.length;
  const rows: Uint8Array[] = new Array(tokens.length + 1);
  rows[tokens.length] = new Uint8Array(length + 1);
  rows[tokens.length]![length] = 1;
  for (let t = tokens.length - 1; t >= 0; t--) rows[t] = rowBefore(tokens[t]!, rows[t + 1]!, characters);
  if (rows[0]![0] === 0) return undefined;

  let at = 0;
  for (let t = 0; t < tokens.length; t++) {
    const token = tokens[t]!;
    const rest = rows[t + 1]!;
    const from = at;
    if (token.kind === "literal") at += token.characters.length;
    else if (token.kind === "one") at++;
    else {
      let end = at;
      for (let p = at; p <= length; p++) {
        if (rest[p] === 1 && (p > from || token.kind !== "function")) end = p;
        if (p < length && characters[p] === "/" && token.kind !== "globstar") break;
      }
      at = end;
    }
    if (token.kind === "function") return { functionName: characters.slice(from, at).join("") };
  }
  return { functionName: undefined };
}

/** The row of a token, given the row of the token after it. */
function rowBefore(token: Token, rest: Uint8Array, characters: readonly string[]): Uint8Array {
  const length = characters.length;
  const row = new Uint8Array(length + 1);
  for (let p = length; p >= 0; p--) {
    const within = p < length && characters[p] !== "/";
    let matches = false;
    if (token.kind === "literal") {
      matches = hasLiteralAt(token.characters, characters, p) && rest[p + token.characters.length] === 1;
    } else if (token.kind === "one") matches = within && rest[p + 1] === 1;
    else if (token.kind === "globstar") matches = rest[p] === 1 || row[p + 1] === 1;
    else if (token.kind === "star") matches = rest[p] === 1 || (within && row[p + 1] === 1);
    else matches = within && (rest[p + 1] === 1 || row[p + 1] === 1);
    row[p] = matches ? 1 : 0;
  }
  return row;
}

/** Where the shortest prefix that the tokens match and that ends a part of the path ends. */
function topmostEnd(tokens: readonly Token[], characters: readonly string[]): number | undefined {
  const length = characters.length;
  // row[p] says whether the tokens so far match the characters before p.
  let row = new Uint8Array(length + 1);
  row[0] = 1;
  for (const token of tokens) {
    const next = new Uint8Array(length + 1);
    for (let p = 0; p <= length; p++) {
      const within = p > 0 && characters[p - 1] !== "/";
      let matches = false;
      if (token.kind === "literal") {
        const from = p - token.characters.length;
        matches = row[from] === 1 && hasLiteralAt(token.characters, characters, from);
      } else if (token.kind === "one") matches = within && row[p - 1] === 1;
      else if (token.kind === "globstar") matches = row[p] === 1 || (p > 0 && next[p - 1] === 1);
      else if (token.kind === "star") matches = row[p] === 1 || (within && next[p - 1] === 1);
      else matches = within && (row[p - 1] === 1 || next[p - 1] === 1);
      next[p] = matches ? 1 : 0;
    }
    row = next;
  }
  for (let p = 1; p <= length; p++) {
    // The root's path is a `/` of its own.
    if (row[p] === 1 && (p === length || characters[p] === "/" || (p === 1 && characters[0] === "/"))) {
      return p;
    }
  }
  return undefined;
}
