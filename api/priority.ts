/**
 * `/priority`: the policy in force, and pinning a function's place in it.
 */
import { createRoute } from "@hono/zod-openapi";
import type { AgentView } from "./agent_view.ts";
import { ProblemError, show } from "./problem.ts";
import { NamePathSchema, PinSchema, PrioritiesSchema, PriorityEntrySchema } from "./schemas.ts";
import { type Api, jsonAnswer, problems, WRITE_SECURITY } from "./types.ts";

const list = createRoute({
  method: "get",
  path: "/priority",
  summary: "All functions, by priority",
  responses: { 200: jsonAnswer(PrioritiesSchema, "The policy in force"), ...problems(401, 403) },
});

const read = createRoute({
  method: "get",
  path: "/priority/{name}",
  summary: "One function's priority and slice",
  request: { params: NamePathSchema },
  responses: { 200: jsonAnswer(PriorityEntrySchema, "The function"), ...problems(400, 401, 403, 404) },
});

const pin = createRoute({
  method: "put",
  path: "/priority/{name}",
  summary: "Pin a function's priority, slice or both",
  description:
    "What is left out keeps its learned value. A pin goes before a learned rank of equal value and holds " +
    "for a whole invocation.",
  security: WRITE_SECURITY,
  request: {
    params: NamePathSchema,
    body: { required: true, content: { "application/json": { schema: PinSchema } } },
  },
  responses: {
    200: jsonAnswer(PriorityEntrySchema, "The function, pinned"),
    ...problems(400, 401, 403, 404, 413, 415),
  },
});

const unpin = createRoute({
  method: "delete",
  path: "/priority/{name}",
  summary: "Back to the learned priority and slice",
  description: "A function that is not pinned stays as it is, which is no error.",
  security: WRITE_SECURITY,
  request: { params: NamePathSchema },
  responses: {
    204: { description: "The function is not pinned (any more)" },
    ...problems(400, 401, 403, 404),
  },
});

/** Adds the routes. */
export function addPriorityRoutes(app: Api, view: AgentView): void {
  const unknown = (name: string) => new ProblemError(404, `no function ${show(name)} is known`);

  app.openapi(list, (c) => c.json(view.priorities(), 200));

  app.openapi(read, (c) => {
    const { name } = c.req.valid("param");
    const entry = view.priority(name);
    if (!entry) throw unknown(name);
    return c.json(entry, 200);
  });

  app.openapi(pin, (c) => c.json(view.pin(c.req.valid("param").name, c.req.valid("json")), 200));

  app.openapi(unpin, (c) => {
    const { name } = c.req.valid("param");
    if (!view.unpin(name) && !view.priority(name)) throw unknown(name);
    return c.body(null, 204);
  });
}
