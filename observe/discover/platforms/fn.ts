/** Fn Project: the function's id in its container's environment, which is all that tells it. */
import { type ContainerFacts, type Recognised, variable } from "../facts.ts";

export function fn(facts: ContainerFacts): Recognised | undefined {
  const id = variable(facts, "FN_FN_ID");
  if (id === undefined || variable(facts, "FN_APP_ID") === undefined) return undefined;
  // Fn draws ids of 26 letters and digits; a number alone would pass for one of the agent's own.
  const own = /^[0-9]+$/.test(id) ? {} : { id };
  return { kind: "function", platform: "fn", name: id, ...own, foundBy: "environment variable FN_FN_ID" };
}
