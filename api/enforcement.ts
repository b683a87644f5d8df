/**
 * `/enforcement`: whether the order is enforced, and the switch.
 */
import { createRoute } from "@hono/zod-openapi";
import type { AgentView } from "./agent_view.ts";
import { EnforcementSchema, SwitchSchema } from "./schemas.ts";
import { type Api, jsonAnswer, problems, WRITE_SECURITY } from "./types.ts";

const read = createRoute({
  method: "get",
  path: "/enforcement",
  summary: "Whether the order is enforced, and why not",
  responses: { 200: jsonAnswer(EnforcementSchema, "What is so now"), ...problems(401, 403) },
});

const change = createRoute({
  method: "put",
  path: "/enforcement",
  summary: "Switch enforcement off or on",
  description:
    "Off puts every process back as it was found before this answers; the agent goes on observing and " +
    "learning. On resumes at once, also where the guard has switched off.",
  security: WRITE_SECURITY,
  request: { body: { required: true, content: { "application/json": { schema: SwitchSchema } } } },
  responses: {
    200: jsonAnswer(EnforcementSchema, "It is done"),
    ...problems(400, 401, 403, 409, 413, 415),
  },
});

/** Adds the routes. */
export function addEnforcementRoutes(app: Api, view: AgentView): void {
  app.openapi(read, (c) => c.json(view.enforcement(), 200));

  app.openapi(change, async (c) => c.json(await view.setEnforcement(c.req.valid("json").enabled), 200));
}
