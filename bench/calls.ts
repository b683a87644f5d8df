/**
 * How programs of the user's own are called, and found: what options say of them.
 */
import { UsageError } from "../cli/errors.ts";
import { type Kind, number } from "../cli/values.ts";
import { parseRule, RuleError } from "../observe/rules.ts";

/** How a program of the user's own is called: how often, and with what n. */
export interface Call {
  readonly name: string;
  /** Of the invocations, relative to the other functions'; undefined for as many as give each as much CPU time. */
  readonly share: number | undefined;
  readonly n: number;
  /** Standard deviation of the logarithm of n. */
  readonly sigma: number | undefined;
}

/** `NAME:n=1000,share=60,sigma=1`, each of the three once at most. */
export function call(): Kind<Call> {
  const wholeNumber = number({ least: 1, integer: true }), positive = number({ least: 0, above: true });
  return {
    placeholder: "CALL",
    wanted: "NAME:KEY=NUMBER,… with keys n (a whole number from 1), share and sigma (above 0)",
    json: "string",
    parse(value) {
      const colon = value.lastIndexOf(":");
      if (colon < 1) return undefined;
      const found: { n?: number; share?: number; sigma?: number } = {};
      for (const part of value.slice(colon + 1).split(",")) {
        const [key, figure] = part.split("=", 2);
        if (key !== "n" && key !== "share" && key !== "sigma" || key in found) return undefined;
        const parsed = (key === "n" ? wholeNumber : positive).parse(figure ?? "");
        if (parsed === undefined) return undefined;
        found[key] = parsed;
      }
      return { name: value.slice(0, colon), n: found.n ?? 1, share: found.share, sigma: found.sigma };
    },
  };
}

/** @throws UsageError for a rule that is none */
export function assertRules(rule: readonly string[]): void {
  for (const each of rule) {
    try {
      parseRule(each, "command line");
    } catch (error) {
      if (error instanceof RuleError) throw new UsageError(error.message, { cause: error });
      throw error;
    }
  }
}

/** @throws UsageError where calls do not fit together */
export function assertCalls(call: readonly Call[]): void {
  const names = new Set(call.map(({ name }) => name));
  if (names.size < call.length) throw new UsageError("--call is given twice for one function: wanted once");
  const shares = call.filter(({ share }) => share !== undefined).length;
  if (shares > 0 && shares < call.length) {
    throw new UsageError("--call has a share for some functions only: wanted for all or none");
  }
}
