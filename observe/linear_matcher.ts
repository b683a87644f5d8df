/**
 * Matches a regular expression by following all ways through it at once, one character after the other (Thompson 1968, with
 * the captures and priorities of Pike's variant). A way that reaches a place where a better one already is ends there, so
 * there are never more ways than instructions: the time is bounded by text × expression.
 */
import { type Assertion, capturesFunction, type Tree } from "./linear_parser.ts";

/** What a match found, undefined for none; the name is undefined where the group named `function` took no part. */
export type LinearMatcher = (text: string) => { readonly functionName: string | undefined } | undefined;

/** A counted repetition is written out, so its size must be limited. */
const MAX_INSTRUCTIONS = 2000;

type Instruction =
  | { op: "unit"; accepts: (unit: number) => boolean }
  /** Go on at both places, the first one preferred. */
  | { op: "split"; first: number; second: number }
  | { op: "jump"; to: number }
  | { op: "open" | "close" | "forget" | "match" }
  | { op: "assert"; what: Assertion };

/** What one way has captured: where the group named `function` begins and ends, -1 where it has not. */
interface Captured {
  readonly start: number;
  readonly end: number;
}

const NOTHING: Captured = { start: -1, end: -1 };

/** Compiles a tree; undefined where the result would be too large. */
export function compileLinear(tree: Tree): LinearMatcher | undefined {
  const program: Instruction[] = [];
  if (!emit(program, tree)) return undefined;
  program.push({ op: "match" });
  return (text) => run(program, text);
}

/** Appends a tree's instructions; false where there are too many. */
function emit(program: Instruction[], tree: Tree): boolean {
  if (program.length > MAX_INSTRUCTIONS) return false;
  switch (tree.kind) {
    case "unit":
      program.push({ op: "unit", accepts: tree.accepts });
      return true;
    case "assert":
      program.push({ op: "assert", what: tree.what });
      return true;
    case "sequence":
      return tree.parts.every((part) => emit(program, part));
    case "function": {
      program.push({ op: "open" });
      const fits = emit(program, tree.body);
      program.push({ op: "close" });
      return fits;
    }
    case "choice":
      return emitChoice(program, tree.parts);
    case "repeat":
      return emitRepeat(program, tree);
  }
}

function emitChoice(program: Instruction[], parts: readonly Tree[]): boolean {
  const jumps: { op: "jump"; to: number }[] = [];
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1) {
      if (!emit(program, part)) return false;
      break;
    }
    const split = { op: "split" as const, first: program.length + 1, second: 0 };
    program.push(split);
    if (!emit(program, part)) return false;
    const jump = { op: "jump" as const, to: 0 };
    jumps.push(jump);
    program.push(jump);
    split.second = program.length;
  }
  for (const jump of jumps) jump.to = program.length;
  return true;
}

function emitRepeat(program: Instruction[], tree: Extract<Tree, { kind: "repeat" }>): boolean {
  const { body, least, most, lazy } = tree;
  // Each round forgets what the round before has captured.
  const round = () => {
    if (capturesFunction(body)) program.push({ op: "forget" });
    return emit(program, body);
  };
  for (let n = 0; n < least; n++) if (!round()) return false;

  const splits: { op: "split"; first: number; second: number }[] = [];
  const pushSplit = () => {
    const split = { op: "split" as const, first: program.length + 1, second: program.length + 1 };
    splits.push(split);
    program.push(split);
  };
  if (most === Infinity) {
    const again = program.length;
    pushSplit();
    if (!round()) return false;
    program.push({ op: "jump", to: again });
  } else {
    for (let n = least; n < most; n++) {
      pushSplit();
      if (!round()) return false;
    }
  }
  // Of the two places of a split, the one that leaves is preferred where the repetition is lazy.
  for (const split of splits) split[lazy ? "first" : "second"] = program.length;
  return true;
}

/** The ways at one position in the text, the preferred ones first. */
class Ways {
  readonly at: number[] = [];
  readonly captured: Captured[] = [];
  readonly #seen: Uint8Array;

  constructor(readonly program: readonly Instruction[]) {
    this.#seen = new Uint8Array(program.length);
  }

  clear(): void {
    this.at.length = 0;
    this.captured.length = 0;
    this.#seen.fill(0);
  }

  /** Adds a way, and what can be reached from it without taking a character. */
  add(from: number, fromCaptured: Captured, text: string, position: number): void {
    const waiting: [number, Captured][] = [[from, fromCaptured]];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [at, captured] = next;
      if (this.#seen[at] === 1) continue;
      this.#seen[at] = 1;
      const instruction = this.program[at]!;
      switch (instruction.op) {
        case "jump":
          waiting.push([instruction.to, captured]);
          break;
        case "split":
          waiting.push([instruction.second, captured], [instruction.first, captured]);
          break;
        case "open":
          waiting.push([at + 1, { start: position, end: -1 }]);
          break;
        case "close":
          waiting.push([at + 1, { start: captured.start, end: position }]);
          break;
        case "forget":
          waiting.push([at + 1, NOTHING]);
          break;
        case "assert":
          if (holds(instruction.what, text, position)) waiting.push([at + 1, captured]);
          break;
        default:
          this.at.push(at);
          this.captured.push(captured);
      }
    }
  }
}

function run(program: readonly Instruction[], text: string): ReturnType<LinearMatcher> {
  let now = new Ways(program);
  let next = new Ways(program);
  let found: Captured | undefined;
  for (let position = 0; position <= text.length; position++) {
    // A match that begins further left is preferred, so a new way comes last, and none once there is a match.
    if (found === undefined) now.add(0, NOTHING, text, position);
    else if (now.at.length === 0) break;
    next.clear();
    const unit = position < text.length ? text.charCodeAt(position) : -1;
    for (let n = 0; n < now.at.length; n++) {
      const at = now.at[n]!;
      const instruction = program[at]!;
      if (instruction.op === "match") {
        // The ways behind this one are worse.
        found = now.captured[n]!;
        break;
      }
      if (instruction.op === "unit" && unit >= 0 && instruction.accepts(unit)) {
        next.add(at + 1, now.captured[n]!, text, position + 1);
      }
    }
    [now, next] = [next, now];
  }
  if (found === undefined) return undefined;
  return { functionName: found.end < 0 ? undefined : text.slice(found.start, found.end) };
}

function holds(what: Assertion, text: string, position: number): boolean {
  if (what === "start") return position === 0;
  if (what === "end") return position === text.length;
  const boundary = isWord(text.charCodeAt(position - 1)) !== isWord(text.charCodeAt(position));
  return boundary === (what === "boundary");
}

/** Letters, digits and underscore, in ASCII; false beyond the ends of the text, where the unit is not a number. */
function isWord(unit: number): boolean {
  return (unit >= 48 && unit <= 57) || (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122) ||
    unit === 95;
}
