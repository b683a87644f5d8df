/** The rules in force, in order, and what they make of a process. */
import type { RuleEntry } from "../api/agent_view.ts";
import { Exclusions, NO_EXCLUSIONS } from "./exclusions.ts";
import type { ProcessIdentity } from "./identity.ts";
import { nameProblem, shown } from "./names.ts";
import { compilePattern, type PatternMatch, type RuleKind } from "./patterns.ts";
import { formatRule, type Rule, RuleError, type RuleSpec } from "./rules.ts";

/** What the rules make of a process. */
export type Verdict =
  & (
    | { readonly kind: "function"; readonly rule: Rule; readonly functionName: string }
    /** A rule matched, but the name that it took from the process cannot be used. */
    | { readonly kind: "refused"; readonly rule: Rule; readonly reason: string }
    | { readonly kind: "none" }
    /** It is left alone, and belongs to no invocation of its parent's either. */
    | { readonly kind: "excluded" }
  )
  & {
    /**
     * Whether every process with the same executable, comm and cgroups gets the same verdict until the rules change:
     * false where a `cmd` or `pid` rule had a say.
     */
    readonly cacheable: boolean;
    /** Whether it depends on the cgroups that the process is in. */
    readonly byPlace: boolean;
  };

/** Which kinds of rules there are, exclusions among them: what no rule looks at need not be followed. */
export type RuleUses = Readonly<Record<RuleKind | "user", boolean>>;

/** First match wins, in this order, and within one origin in the order of adding. */
const ORDER: readonly RuleEntry["from"][] = ["command line", "configuration", "http", "discovery"];

/** What a compiled rule makes of a process: the function's name, not yet validated, or undefined for no match. */
export type Matcher = (identity: ProcessIdentity) => string | undefined;

/** Compiles a rule; throws {@link PatternError} where its pattern is none. */
export function compileRule(rule: RuleSpec): Matcher {
  const pattern = compilePattern(rule.kind, rule.pattern);
  return (identity) => {
    const found: PatternMatch | undefined = pattern.match(identity);
    // A group that took part in no match leaves no name: refused below as empty.
    return found === undefined ? undefined : rule.name ?? found.functionName ?? "";
  };
}

/** An ordered set of rules. Not thread-safe, nothing blocks. */
export class RuleSet {
  #entries: { rule: Rule; match: Matcher }[] = [];
  #lastId = 0;
  #generation = 0;

  /** @param exclusions come before all rules */
  constructor(readonly exclusions: Exclusions = new Exclusions(NO_EXCLUSIONS)) {}

  /** Counts up with every change: what was cached under another generation is out of date. */
  get generation(): number {
    return this.#generation;
  }

  /** Which kinds of rules there are. */
  get uses(): RuleUses {
    const has = (kind: RuleKind) => this.#entries.some(({ rule }) => rule.kind === kind);
    const some = this.#entries.length > 0;
    return {
      exe: has("exe"),
      comm: has("comm"),
      cgroup: has("cgroup") || (some && this.exclusions.byCgroup),
      cmd: has("cmd"),
      pid: has("pid"),
      user: some && this.exclusions.byUser,
    };
  }

  /** The rules, in the order in which they are tried. */
  list(): Rule[] {
    return this.#entries.map(({ rule }) => rule);
  }

  /**
   * Adds a rule behind those of the same origin and gives it an id that no rule had before.
   *
   * @throws {RuleError} `duplicate` where the same kind and pattern is there already, from any origin: the later one
   * could never match.
   */
  add(spec: RuleSpec): Rule {
    const same = this.#entries.find(({ rule }) => rule.kind === spec.kind && rule.pattern === spec.pattern);
    if (same !== undefined) {
      const text = shown(formatRule(spec));
      throw new RuleError(
        `cannot add rule "${text}": rule ${same.rule.id} from ${same.rule.from} matches the same`,
        "rule",
        "duplicate",
      );
    }
    const match = compileRule(spec);
    const rule: Rule = { ...spec, id: `r${++this.#lastId}` };
    const place = ORDER.indexOf(rule.from);
    const behind = this.#entries.findIndex((entry) => ORDER.indexOf(entry.rule.from) > place);
    this.#entries.splice(behind < 0 ? this.#entries.length : behind, 0, { rule, match });
    this.#generation++;
    return rule;
  }

  /** The rule with this id, else those that give their function this name. */
  find(idOrName: string): Rule[] {
    const rules = this.list();
    const withId = rules.filter((rule) => rule.id === idOrName);
    return withId.length > 0 ? withId : rules.filter((rule) => rule.name === idOrName);
  }

  /** Removes what {@link find} finds and returns it; empty where there was none. */
  remove(idOrName: string): Rule[] {
    const gone = this.find(idOrName);
    if (gone.length > 0) {
      this.#entries = this.#entries.filter(({ rule }) => !gone.includes(rule));
      this.#generation++;
    }
    return gone;
  }

  /** Counts the generation up although no rule has changed: what was cached under the one before is out of date. */
  renew(): void {
    this.#generation++;
  }

  /** What the rules make of a process: the first that matches decides, even where its name is then refused. */
  match(identity: ProcessIdentity): Verdict {
    let cacheable = true, byPlace = this.exclusions.byCgroup;
    if (this.exclusions.coversProcess(identity)) return { kind: "excluded", cacheable, byPlace };
    for (const { rule, match } of this.#entries) {
      if (rule.kind === "cmd" || rule.kind === "pid") cacheable = false;
      if (rule.kind === "cgroup") byPlace = true;
      const functionName = match(identity);
      if (functionName === undefined) continue;
      // A rule's own name was validated with the rule.
      const problem = rule.name === undefined ? nameProblem(functionName) : undefined;
      if (problem === undefined && this.exclusions.coversFunction(functionName)) {
        return { kind: "excluded", cacheable, byPlace };
      }
      if (problem === undefined) return { kind: "function", rule, functionName, cacheable, byPlace };
      const reason = `rule ${rule.id} took the name "${shown(functionName)}" from it: ${problem}`;
      return { kind: "refused", rule, reason, cacheable, byPlace };
    }
    return { kind: "none", cacheable, byPlace };
  }
}
