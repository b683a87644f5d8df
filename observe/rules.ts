/**
 * Rules say which processes are functions: `[NAME=]KIND:PATTERN[;mode=process|warm|auto][;gap_ms=5]`. This file reads
 * and writes their text; rule_set.ts applies them.
 */
import type { Mode, NewRule, RuleEntry } from "../api/agent_view.ts";
import { PatternError } from "./glob.ts";
import { nameProblem, shown } from "./names.ts";
import { compilePattern, RULE_KINDS, type RuleKind } from "./patterns.ts";

/** A rule as it was written, before a {@link RuleSet} gives it an id. */
export interface RuleSpec {
  /** The function's name; undefined where the pattern takes it from what it matches. */
  readonly name?: string;
  readonly kind: RuleKind;
  readonly pattern: string;
  /** How invocations are delimited. `auto`: by what is seen of the function's processes. */
  readonly mode: Mode;
  /** In mode `warm`: an idle period longer than this ends an invocation, in milliseconds. */
  readonly gapMs?: number;
  readonly from: RuleEntry["from"];
}

/** A rule in force. */
export interface Rule extends RuleSpec {
  readonly id: string;
}

/** Which part of a rule is wrong, named as in the body of `POST /functions`. */
export type RuleField = keyof NewRule;

/** A rule that cannot be used. The message is one line: the rule, what is wrong, what is wanted. */
export class RuleError extends Error {
  override name = "RuleError";
  constructor(
    message: string,
    readonly field: RuleField,
    readonly code: "malformed" | "duplicate" = "malformed",
  ) {
    super(message);
  }
}

const ALL_MODES: readonly Mode[] = ["process", "warm", "auto"];

/** Range of `gap_ms`. */
const GAP_MS = { least: 0.1, most: 60_000 };

const WANTED = "[NAME=]KIND:PATTERN[;mode=process|warm|auto][;gap_ms=5]";
const WANTED_KIND = `KIND one of ${RULE_KINDS.join(", ")}`;

/**
 * Reads a rule.
 *
 * @param from where the rule came from: decides its place among the others.
 * @throws {RuleError}
 */
export function parseRule(
  text: string,
  from: RuleEntry["from"],
): RuleSpec {
  const [head = "", ...options] = splitOptions(text);
  const { name, kind, pattern } = splitHead(text, head);
  let mode: Mode | undefined;
  let gapMs: number | undefined;
  for (const option of options) {
    const equals = option.indexOf("=");
    const key = option.slice(0, Math.max(equals, 0));
    const value = option.slice(equals + 1);
    if (key === "mode") {
      if (mode !== undefined) throw problem(text, "has two modes: wanted one", "mode");
      mode = value as Mode;
      if (!ALL_MODES.includes(mode)) {
        throw problem(text, `has mode "${shown(value)}": ${`wanted one of ${ALL_MODES.join(", ")}`}`, "mode");
      }
    } else if (key === "gap_ms") {
      if (gapMs !== undefined) throw problem(text, "has two gaps: wanted one gap_ms", "gap_ms");
      gapMs = /^[0-9]*\.?[0-9]+$/.test(value) ? Number(value) : NaN;
    } else {
      const wanted = 'wanted mode=… or gap_ms=… after a ";" (a semicolon in the pattern is written \\;)';
      throw problem(text, `has the unknown option "${shown(option)}": ${wanted}`, "rule");
    }
  }
  return check(text, { name, kind, pattern, mode: mode ?? "auto", gapMs, from });
}

/**
 * Reads a rule from the body of `POST /functions`. Name, mode and gap may be in the rule's text or beside it, not both.
 *
 * @throws {RuleError} whose `field` names the part of the body.
 */
export function parseNewRule(
  body: NewRule,
  from: RuleEntry["from"] = "http",
): RuleSpec {
  const [head = "", ...options] = splitOptions(body.rule);
  const twice = (field: RuleField) =>
    problem(body.rule, `gives ${field} and so does the field: wanted one`, field);
  if (body.name !== undefined && splitHead(body.rule, head).name !== undefined) throw twice("name");
  if (body.mode !== undefined && options.some((option) => option.startsWith("mode="))) throw twice("mode");
  if (body.gap_ms !== undefined && options.some((option) => option.startsWith("gap_ms="))) {
    throw twice("gap_ms");
  }
  // The text alone may lack what stands beside it, so the parts are put together before they are checked.
  const suffix = (body.mode === undefined ? "" : `;mode=${body.mode}`) +
    (body.gap_ms === undefined ? "" : `;gap_ms=${body.gap_ms}`);
  if (body.name === undefined) return parseRule(body.rule + suffix, from);
  const problemOfName = ruleNameProblem(body.name);
  if (problemOfName !== undefined) {
    throw problem(body.rule, `cannot be named "${shown(body.name)}": ${problemOfName}`, "name");
  }
  return parseRule(`${body.name}=${body.rule}${suffix}`, from);
}

/** A rule as text; {@link parseRule} reads it back to an equal rule. */
export function formatRule(rule: RuleSpec): string {
  const name = rule.name === undefined ? "" : `${rule.name}=`;
  const mode = rule.mode === "auto" ? "" : `;mode=${rule.mode}`;
  const gap = rule.gapMs === undefined ? "" : `;gap_ms=${rule.gapMs}`;
  return name + formatMatch(rule) + mode + gap;
}

/** A rule as `GET /functions` shows it. */
export function ruleEntry(rule: Rule): RuleEntry {
  return {
    id: rule.id,
    ...(rule.name === undefined ? {} : { name: rule.name }),
    rule: formatMatch(rule),
    mode: rule.mode,
    ...(rule.gapMs === undefined ? {} : { gap_ms: rule.gapMs }),
    from: rule.from,
  };
}

/** `KIND:PATTERN`, semicolons escaped. */
function formatMatch({ kind, pattern }: RuleSpec): string {
  // A backslash and what follows it are one: the semicolon after an escaped backslash still needs its own.
  return `${kind}:${pattern.replace(/\\[^]|;/g, (part) => (part === ";" ? "\\;" : part))}`;
}

/** Splits at semicolons; `\;` becomes a semicolon, any other escape stays for the pattern. */
function splitOptions(text: string): string[] {
  const parts: string[] = [""];
  for (let at = 0; at < text.length; at++) {
    const two = text.slice(at, at + 2);
    if (text[at] === ";") {
      parts.push("");
      continue;
    }
    const piece = two[0] === "\\" ? two : text[at]!;
    parts[parts.length - 1] += piece === "\\;" ? ";" : piece;
    at += piece.length - 1;
  }
  return parts;
}

function isKind(text: string): text is RuleKind {
  return (RULE_KINDS as readonly string[]).includes(text);
}

/** Splits `[NAME=]KIND:PATTERN`. A kind before the first colon means that there is no name. */
function splitHead(
  rule: string,
  head: string,
): { name: string | undefined; kind: RuleKind; pattern: string } {
  const colon = head.indexOf(":");
  const first = head.slice(0, Math.max(colon, 0));
  if (isKind(first)) return { name: undefined, kind: first, pattern: head.slice(colon + 1) };
  const named = NAMED.exec(head);
  if (named !== null) {
    const kind = named[1] as RuleKind;
    return { name: head.slice(0, named.index), kind, pattern: head.slice(named.index + named[0].length) };
  }
  if (colon < 0) throw problem(rule, `has no colon: wanted ${WANTED}, ${WANTED_KIND}`, "rule");
  const kind = first.slice(first.lastIndexOf("=") + 1);
  throw problem(rule, `has the unknown kind "${shown(kind)}": wanted ${WANTED}, ${WANTED_KIND}`, "rule");
}

const NAMED = new RegExp(`=(${RULE_KINDS.join("|")}):`);

/** Why a rule cannot give its function this name. */
function ruleNameProblem(name: string): string | undefined {
  if (/[;\\]/.test(name)) return "the name contains a semicolon or a backslash";
  if (NAMED.test(`=${name}`)) {
    return "the name looks like the beginning of a rule";
  }
  return nameProblem(name);
}

interface RawRule {
  name: string | undefined;
  kind: RuleKind;
  pattern: string;
  mode: Mode;
  gapMs: number | undefined;
  from: RuleEntry["from"];
}

/** Everything about a rule that its text's shape does not tell. */
function check(text: string, raw: RawRule): RuleSpec {
  const { name, kind, pattern, mode, gapMs, from } = raw;
  const wrongName = name === undefined ? undefined : ruleNameProblem(name);
  if (wrongName !== undefined) {
    throw problem(text, `has a name that cannot be used: ${wrongName}`, "name");
  }
  const takesFunction = patternOf(text, kind, pattern).takesFunction;
  const placeholder = kind === "cmd" ? "a group (?<function>…)" : "{function}";
  if (name === undefined && !takesFunction) {
    const wanted = kind === "pid"
      ? "wanted NAME=pid:PID"
      : `wanted NAME=${kind}:… or ${placeholder} in the pattern`;
    throw problem(text, `gives its function no name: ${wanted}`, "name");
  }
  if (name !== undefined && takesFunction) {
    throw problem(text, `has a name and ${placeholder} in its pattern: wanted one of them`, "name");
  }
  if (gapMs !== undefined) {
    if (!(gapMs >= GAP_MS.least && gapMs <= GAP_MS.most)) {
      throw problem(
        text,
        `has a wrong gap_ms: wanted a number from ${GAP_MS.least} to ${GAP_MS.most}`,
        "gap_ms",
      );
    }
    if (mode === "process") throw problem(text, "has a gap_ms, which mode process does not have", "gap_ms");
  }
  return {
    ...(name === undefined ? {} : { name }),
    kind,
    pattern,
    mode,
    ...(gapMs === undefined ? {} : { gapMs }),
    from,
  };
}

function patternOf(text: string, kind: RuleKind, pattern: string) {
  try {
    return compilePattern(kind, pattern);
  } catch (error) {
    if (error instanceof PatternError) throw problem(text, `cannot be used: ${error.message}`, "rule");
    throw error;
  }
}

function problem(rule: string, what: string, field: RuleField): RuleError {
  return new RuleError(`rule "${shown(rule)}" ${what}`, field);
}
