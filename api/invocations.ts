/**
 * `/invocations`: what has run lately.
 */
import { createRoute } from "@hono/zod-openapi";
import type { AgentView } from "./agent_view.ts";
import { InvocationsQuerySchema, InvocationsSchema } from "./schemas.ts";
import { type Api, jsonAnswer, problems } from "./types.ts";

/** How many invocations are shown to a client that does not say. */
const DEFAULT_LIMIT = 100;

const list = createRoute({
  method: "get",
  path: "/invocations",
  summary: "The latest finished invocations, newest first",
  request: { query: InvocationsQuerySchema },
  responses: { 200: jsonAnswer(InvocationsSchema, "Invocations"), ...problems(400, 401, 403) },
});

/** Adds the route. */
export function addInvocationRoutes(app: Api, view: AgentView): void {
  app.openapi(list, (c) => {
    const { limit, function: name } = c.req.valid("query");
    return c.json({ invocations: view.invocations(limit ?? DEFAULT_LIMIT, name || undefined) }, 200);
  });
}
