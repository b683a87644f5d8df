/**
 * `/healthz`, `/readyz` and `/metrics`: for machines.
 */
import { createRoute, z } from "@hono/zod-openapi";
import type { AgentView, Parts } from "./agent_view.ts";
import { MetricsPage } from "./metrics.ts";
import { ProblemError } from "./problem.ts";
import { HealthSchema, ReadySchema } from "./schemas.ts";
import { type Api, jsonAnswer, problems } from "./types.ts";

const health = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the agent answers at all",
  responses: { 200: jsonAnswer(HealthSchema, "It does"), ...problems(403) },
});

const ready = createRoute({
  method: "get",
  path: "/readyz",
  summary: "Whether the agent observes, learns and enforces",
  description: "Each part says its state; reasons are shown to those who may read.",
  responses: { 200: jsonAnswer(ReadySchema, "It does"), ...problems(403, 503) },
});

const metrics = createRoute({
  method: "get",
  path: "/metrics",
  summary: "Prometheus metrics",
  responses: {
    200: {
      description: "Prometheus text format 0.0.4",
      content: { "text/plain": { schema: z.string() } },
    },
    ...problems(401, 403),
  },
});

/** Adds the routes. */
export function addHealthRoutes(app: Api, view: AgentView): void {
  const page = new MetricsPage(view.version);

  app.openapi(health, (c) => c.json({ status: "ok" as const }, 200));

  app.openapi(ready, (c) => {
    const { ready, reasons } = view.readiness();
    const mayRead = c.get("mayRead");
    const parts = mayRead ? view.parts() : withoutReasons(view.parts());
    if (ready) return c.json({ ready: true as const, ...parts }, 200);
    const shown = mayRead ? reasons : [];
    throw new ProblemError(503, ["not ready", shown.join("; ")].filter(Boolean).join(": "), {
      reasons: shown,
      parts,
    });
  });

  app.openapi(metrics, async (c) => {
    return c.text(await page.render(view.metrics()), 200, { "Content-Type": MetricsPage.contentType });
  });
}

function withoutReasons({ observing, learning, enforcing }: Parts): Parts {
  return {
    observing: { state: observing.state },
    learning: { state: learning.state },
    enforcing: { state: enforcing.state },
  };
}
