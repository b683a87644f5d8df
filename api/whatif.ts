/**
 * `/whatif`: what ALPS would bring, or has brought.
 */
import { createRoute } from "@hono/zod-openapi";
import type { AgentView } from "./agent_view.ts";
import { WhatIfQuerySchema, WhatIfSchema } from "./schemas.ts";
import { type Api, jsonAnswer, problems } from "./types.ts";

/** How many minutes are looked at for a client that does not say. */
const DEFAULT_MINUTES = 10;

const ask = createRoute({
  method: "get",
  path: "/whatif",
  summary: "The latest invocations, simulated under the fair ideal, under the policy in force and under SRPT",
  request: { query: WhatIfQuerySchema },
  responses: {
    200: jsonAnswer(WhatIfSchema, "Turnaround as it was and would be"),
    ...problems(400, 401, 403, 503),
  },
});

/** Adds the route. */
export function addWhatIfRoutes(app: Api, view: AgentView): void {
  app.openapi(ask, async (c) => {
    const { minutes } = c.req.valid("query");
    return c.json(await view.whatIf(minutes ?? DEFAULT_MINUTES), 200);
  });
}
