/**
 * `POST /invocations`: a platform that knows when an invocation begins in a warm instance, and when it is over, may tell.
 */
import { createRoute } from "@hono/zod-openapi";
import type { AgentView } from "./agent_view.ts";
import { BoundarySchema, InstanceSchema } from "./schemas.ts";
import { type Api, jsonAnswer, problems, WRITE_SECURITY } from "./types.ts";

const tell = createRoute({
  method: "post",
  path: "/invocations",
  summary: "Tell that an invocation begins in a warm instance, or is over",
  description:
    "The instance is named by the id of its container or by any process of it. From the first time on, only what is told counts " +
    "there: idle periods do not. An invocation in progress ends with either.",
  security: WRITE_SECURITY,
  request: { body: { required: true, content: { "application/json": { schema: BoundarySchema } } } },
  responses: {
    200: jsonAnswer(InstanceSchema, "Whose instance it is; the change is in force"),
    ...problems(400, 401, 403, 404, 409, 413, 415),
  },
});

/** Adds the route. */
export function addBoundaryRoute(app: Api, view: AgentView): void {
  app.openapi(tell, (c) => c.json(view.tell(c.req.valid("json")), 200));
}
