/** The pattern of a rule, compiled: what a process must look like, and how its function's name is taken from that. */
import { compileExpression } from "./expression.ts";
import { compileGlob, type Glob, type GlobMatch, PatternError } from "./glob.ts";
import type { ProcessIdentity } from "./identity.ts";

/** What a rule can look at. */
export const RULE_KINDS = ["exe", "comm", "cmd", "cgroup", "pid"] as const;

export type RuleKind = typeof RULE_KINDS[number];

/** Most that a process id can be (`PID_MAX_LIMIT`). */
const MAX_PID = 4_194_304;

/** What a match found; the name is what `{function}` or the group named `function` stood for, not yet validated. */
export interface PatternMatch {
  readonly functionName: string | undefined;
}

/** A compiled pattern. */
export interface Pattern {
  /** Whether the pattern takes the function's name from what it matches. */
  readonly takesFunction: boolean;
  match(identity: ProcessIdentity): PatternMatch | undefined;
}

/**
 * Compiles the pattern of a rule of some kind.
 *
 * @throws {PatternError} that says what is wrong with the pattern.
 */
export function compilePattern(kind: RuleKind, pattern: string): Pattern {
  switch (kind) {
    case "exe": {
      const glob = compilePathGlob(pattern, "a path");
      return from(glob, ({ exePaths }) => firstMatch(exePaths, glob.match));
    }
    case "cgroup": {
      const glob = compilePathGlob(pattern, "a cgroup's path");
      return from(
        glob,
        ({ cgroupCpu, cgroupsOther }) =>
          (cgroupCpu === undefined ? undefined : glob.matchAncestor(cgroupCpu)) ??
            firstMatch(cgroupsOther, glob.matchAncestor),
      );
    }
    case "comm": {
      const glob = compileGlob(pattern);
      return from(glob, ({ comm }) => glob.match(comm));
    }
    case "cmd": {
      const expression = compileExpression(pattern);
      return {
        takesFunction: expression.takesFunction,
        match: ({ cmdline }) => expression.match(cmdline),
      };
    }
    case "pid":
      return compilePid(pattern);
  }
}

function from(glob: Glob, match: Pattern["match"]): Pattern {
  return { takesFunction: glob.takesFunction, match };
}

function firstMatch(texts: readonly string[], match: Glob["match"]): GlobMatch | undefined {
  for (const text of texts) {
    const found = match(text);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A glob that can match an absolute path; one that never could is a mistake worth telling. */
function compilePathGlob(pattern: string, what: string): Glob {
  const glob = compileGlob(pattern);
  if (!glob.prefix.startsWith("/") && !pattern.startsWith("**")) {
    throw new PatternError(`${what} begins with "/", so the pattern must begin with "/" or "**"`);
  }
  if (glob.lastLiteral === "/" && glob.prefix !== "/") {
    throw new PatternError(`${what} does not end in "/", so the pattern must not either`);
  }
  return glob;
}

/** Matches one process: the first one seen with this pid, not a later one that got the same pid. */
function compilePid(pattern: string): Pattern {
  const pid = Number(pattern);
  if (!/^[1-9][0-9]*$/.test(pattern) || pid > MAX_PID) {
    throw new PatternError(`the pattern must be a process id, from 1 to ${MAX_PID}`);
  }
  let startTimeTicks: number | undefined;
  return {
    takesFunction: false,
    match(identity) {
      if (identity.pid !== pid) return undefined;
      startTimeTicks ??= identity.startTimeTicks;
      return identity.startTimeTicks === startTimeTicks ? { functionName: undefined } : undefined;
    },
  };
}
