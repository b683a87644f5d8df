/** ALPS with one of its predictors: the agent, from nothing. */
import type { Policy } from "./policy.ts";

/**
 * @param args more of the agent's options, for variants
 * @param suffix of the name, for variants
 */
export function alps(ml: string, args: readonly string[] = [], suffix = ""): Policy {
  return {
    name: `alps:${ml}${suffix}`,
    what: `this agent, predictor ${ml}${
      args.length === 0 ? "" : `, ${args.join(" ")}`
    }, learning from nothing`,
    agent: { backend: "auto", ml, args },
  };
}
