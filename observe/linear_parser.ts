/**
 * Parses the part of JavaScript's regular expressions that can be matched without backtracking. What it does not know it
 * does not guess at: it gives up, and the caller uses JavaScript's own engine.
 */

/** A regular expression as a tree. */
export type Tree =
  /** One UTF-16 unit that the test accepts. */
  | { readonly kind: "unit"; readonly accepts: (unit: number) => boolean }
  | { readonly kind: "sequence" | "choice"; readonly parts: readonly Tree[] }
  /** The group named `function`. */
  | { readonly kind: "function"; readonly body: Tree }
  | {
    readonly kind: "repeat";
    readonly body: Tree;
    readonly least: number;
    readonly most: number;
    /** Takes as little as it can. */
    readonly lazy: boolean;
  }
  | { readonly kind: "assert"; readonly what: Assertion };

/** `^`, `$`, `\b`, `\B`. */
export type Assertion = "start" | "end" | "boundary" | "no boundary";

/** Thrown inside this file where the syntax is beyond it. */
class Unsupported extends Error {}

/** The tree of an expression without flags, which must be valid; undefined where it is beyond this parser. */
export function parseLinear(source: string): Tree | undefined {
  try {
    const parser = new Parser(source);
    const tree = parser.choice();
    return parser.atEnd ? tree : undefined;
  } catch (error) {
    if (error instanceof Unsupported) return undefined;
    throw error;
  }
}

class Parser {
  #at = 0;
  #functions = 0;

  constructor(readonly source: string) {}

  get atEnd(): boolean {
    return this.#at === this.source.length;
  }

  choice(): Tree {
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    return parts.length === 1 ? parts[0]! : { kind: "choice", parts };
  }

  #sequence(): Tree {
    const parts: Tree[] = [];
    while (!this.atEnd && !"|)".includes(this.source[this.#at]!)) parts.push(this.#repeated(this.#atom()));
    return parts.length === 1 ? parts[0]! : { kind: "sequence", parts };
  }

  #atom(): Tree {
    if (this.#take("^")) return { kind: "assert", what: "start" };
    if (this.#take("$")) return { kind: "assert", what: "end" };
    if (this.#take("\\b")) return { kind: "assert", what: "boundary" };
    if (this.#take("\\B")) return { kind: "assert", what: "no boundary" };
    if (this.source[this.#at] === "(") return this.#group();
    // A class, an escape, a dot or a character: JavaScript's own engine knows best which units it stands for.
    const piece = PIECE.exec(this.source.slice(this.#at))?.[0];
    if (piece === undefined) throw new Unsupported();
    this.#at += piece.length;
    return { kind: "unit", accepts: unitTest(piece) };
  }

  #group(): Tree {
    let isFunction = false;
    if (this.#take("(?:")) isFunction = false;
    else {
      const name = /^\(\?<([A-Za-z_$][\w$]*)>/.exec(this.source.slice(this.#at));
      if (name !== null) {
        this.#at += name[0].length;
        isFunction = name[1] === "function";
      } else {
        // Look-around, modifiers and names with escapes.
        if (this.source.startsWith("(?", this.#at)) throw new Unsupported();
        this.#at++;
      }
    }
    // The same name in several alternatives is possible, and rare.
    if (isFunction && ++this.#functions > 1) throw new Unsupported();
    const body = this.choice();
    if (!this.#take(")")) throw new Unsupported();
    return isFunction ? { kind: "function", body } : body;
  }

  #repeated(body: Tree): Tree {
    const quantifier = /^(?:([*+?])|\{(\d+)(,(\d*))?\})(\??)/.exec(this.source.slice(this.#at));
    if (quantifier === null) {
      // A brace that is no quantifier stands for itself, unless it follows a quantifier...: leave it to the engine.
      if (this.source[this.#at] === "{") throw new Unsupported();
      return body;
    }
    this.#at += quantifier[0].length;
    const [, sign, from, comma, to, lazy] = quantifier;
    const least = from !== undefined ? Number(from) : sign === "+" ? 1 : 0;
    const most = sign === "?"
      ? 1
      : from === undefined
      ? Infinity
      : comma === undefined
      ? least
      : Number(to || Infinity);
    // JavaScript rejects an optional round that takes nothing. Where rounds are unlimited, nothing is captured and the
    // body takes something rather than nothing, that makes no difference.
    if (canBeEmpty(body) && (most !== Infinity || !isGreedy(body))) throw new Unsupported();
    return { kind: "repeat", body, least, most, lazy: lazy === "?" };
  }

  #take(text: string): boolean {
    const found = this.source.startsWith(text, this.#at);
    if (found) this.#at += text.length;
    return found;
  }
}

/**
 * One atom for one unit: a class, an escape, a dot, or a character without a meaning of its own. Left out: back-references
 * and `\k`, octal and control escapes, and letters whose escape means nothing.
 */
const PIECE = new RegExp(
  [
    /\[(?:\\[^]|[^\\\]])*\]/,
    /\\(?:[dDwWsStnrvf]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|0(?![0-9])|[^0-9A-Za-z])/,
    /[^\\()[\]{}|*+?^$]/,
  ].map(({ source }) => `^(?:${source})`).join("|"),
);

/** A test for the UTF-16 units that an atom accepts. */
function unitTest(piece: string): (unit: number) => boolean {
  const regExp = new RegExp(`^${piece}$`);
  const accepts = (unit: number) => regExp.test(String.fromCharCode(unit));
  const ascii = Array.from({ length: 128 }, (_, unit) => accepts(unit));
  return (unit) => ascii[unit] ?? accepts(unit);
}

function canBeEmpty(tree: Tree): boolean {
  switch (tree.kind) {
    case "unit":
      return false;
    case "assert":
      return true;
    case "sequence":
      return tree.parts.every(canBeEmpty);
    case "choice":
      return tree.parts.some(canBeEmpty);
    case "function":
      return canBeEmpty(tree.body);
    case "repeat":
      return tree.least === 0 || canBeEmpty(tree.body);
  }
}

/** Whether a tree captures nothing and never prefers taking nothing to taking something. */
function isGreedy(tree: Tree): boolean {
  switch (tree.kind) {
    case "unit":
      return true;
    case "assert":
    case "function":
      return false;
    case "sequence":
      return tree.parts.every(isGreedy);
    case "choice":
      return tree.parts.every((part) => isGreedy(part) && !canBeEmpty(part));
    case "repeat":
      return !tree.lazy && isGreedy(tree.body);
  }
}

/** Whether the group named `function` is in a tree. */
export function capturesFunction(tree: Tree): boolean {
  switch (tree.kind) {
    case "unit":
    case "assert":
      return false;
    case "sequence":
    case "choice":
      return tree.parts.some(capturesFunction);
    case "function":
      return true;
    case "repeat":
      return capturesFunction(tree.body);
  }
}
