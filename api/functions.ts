/**
 * `/functions`: the rules that say which process is which function's, and what they have matched.
 */
import { createRoute } from "@hono/zod-openapi";
import type { AgentView } from "./agent_view.ts";
import { ProblemError, show } from "./problem.ts";
import { FunctionsSchema, NewRuleSchema, RuleEntrySchema, RulePathSchema } from "./schemas.ts";
import { type Api, jsonAnswer, problems, WRITE_SECURITY } from "./types.ts";

const list = createRoute({
  method: "get",
  path: "/functions",
  summary: "Rules, functions, and processes that look like functions but match no rule",
  responses: { 200: jsonAnswer(FunctionsSchema, "Rules and functions"), ...problems(401, 403) },
});

const add = createRoute({
  method: "post",
  path: "/functions",
  summary: "Add a rule",
  description: "Processes that run already are matched too.",
  security: WRITE_SECURITY,
  request: { body: { required: true, content: { "application/json": { schema: NewRuleSchema } } } },
  responses: {
    201: jsonAnswer(RuleEntrySchema, "The rule, in force"),
    ...problems(400, 401, 403, 409, 413, 415),
  },
});

const remove = createRoute({
  method: "delete",
  path: "/functions/{rule}",
  summary: "Remove a rule that was added over HTTP",
  security: WRITE_SECURITY,
  request: { params: RulePathSchema },
  responses: { 204: { description: "Removed" }, ...problems(400, 401, 403, 404, 409) },
});

/** Adds the routes. */
export function addFunctionRoutes(app: Api, view: AgentView): void {
  app.openapi(list, (c) => c.json(view.functions(), 200));

  app.openapi(add, (c) => c.json(view.addRule(c.req.valid("json")), 201));

  app.openapi(remove, (c) => {
    const { rule } = c.req.valid("param");
    if (!view.removeRule(rule)) throw new ProblemError(404, `no rule has the id or name ${show(rule)}`);
    return c.body(null, 204);
  });
}
