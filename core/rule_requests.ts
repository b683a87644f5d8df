/** Rules that come and go over HTTP. */

import { type NewRule, RequestError, type RuleEntry } from "../api/agent_view.ts";
import type { Classifier } from "../observe/classifier.ts";
import { parseNewRule, ruleEntry, RuleError } from "../observe/rules.ts";

/**
 * Puts the rule of a `POST /functions` in force.
 *
 * @throws RequestError 400 that names the wrong field; 409 where there is such a rule already
 */
export function addRule(classifier: Pick<Classifier, "addRules">, body: NewRule): RuleEntry {
  try {
    return ruleEntry(classifier.addRules([parseNewRule(body)])[0]!);
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    throw new RequestError(error.code === "duplicate" ? 409 : 400, error.message, error.field);
  }
}

/**
 * Takes out what a `DELETE /functions/ID-or-NAME` names; false where there is none.
 *
 * @throws RequestError 409 where one did not come over HTTP
 */
export function removeRule(classifier: Pick<Classifier, "rules" | "removeRules">, idOrName: string): boolean {
  const foreign = classifier.rules.find(idOrName).find((rule) => rule.from !== "http");
  if (foreign) {
    throw new RequestError(409, `cannot delete rule ${foreign.id}: it comes from the ${foreign.from}`);
  }
  return classifier.removeRules(idOrName).length > 0;
}
