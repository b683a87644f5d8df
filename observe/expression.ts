/** Regular expressions of `cmd` rules: JavaScript's syntax, matched in bounded time wherever that is possible. */
import { MAX_PATTERN_LENGTH, PatternError } from "./glob.ts";
import { parseLinear } from "./linear_parser.ts";
import { compileLinear } from "./linear_matcher.ts";

/** Most of a command line that is looked at, in UTF-16 units. */
export const MAX_EXPRESSION_TEXT = 4096;

/** A compiled expression. */
export interface Expression {
  /** Whether it has a group named `function`. */
  readonly takesFunction: boolean;
  /** Whether the time of a match is bounded by text × expression, whatever the text is. */
  readonly linear: boolean;
  /** Finds the first match anywhere in the text, as `RegExp.exec` does. */
  match(text: string): { readonly functionName: string | undefined } | undefined;
}

/**
 * Compiles an expression.
 *
 * A command line is chosen by whoever starts a process, and JavaScript's own engine backtracks: `(a+)+$` takes it years on
 * 60 letters, `.*x.*y` seconds on 4096. So what needs no backtracking is matched by linear_matcher.ts, with the same
 * results. Look-around, back-references and other rare syntax do need it, and run on JavaScript's own engine: whoever
 * writes them answers for them.
 *
 * @throws {PatternError} where it is empty, too long, or no regular expression.
 */
export function compileExpression(source: string): Expression {
  if (source === "") throw new PatternError("the pattern is empty");
  if (source.length > MAX_PATTERN_LENGTH) {
    throw new PatternError(`the pattern is longer than ${MAX_PATTERN_LENGTH} characters`);
  }
  const regExp = compileNative(source);
  // An empty alternative always matches, and then shows which groups there are.
  const takesFunction = "function" in (new RegExp(`${source}|`).exec("")?.groups ?? {});
  const tree = parseLinear(source);
  const linear = tree === undefined ? undefined : compileLinear(tree);
  return {
    takesFunction,
    linear: linear !== undefined,
    match(text) {
      const bounded = text.slice(0, MAX_EXPRESSION_TEXT);
      if (linear !== undefined) return linear(bounded);
      const found = regExp.exec(bounded);
      return found === null ? undefined : { functionName: found.groups?.["function"] };
    },
  };
}

function compileNative(source: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    const reason = (error as Error).message.replace(/^Invalid regular expression: .*: /s, "");
    throw new PatternError(`the pattern is no JavaScript regular expression: ${reason}`);
  }
}
