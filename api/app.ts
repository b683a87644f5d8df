/**
 * The Hono application: what each request goes through, in order.
 */
import { createRoute, type Hook, OpenAPIHono, z } from "@hono/zod-openapi";
import { getLogger } from "@logtape/logtape";
import { HTTPException } from "hono/http-exception";
import { type AgentView, RequestError } from "./agent_view.ts";
import { limitBody } from "./body.ts";
import { addBoundaryRoute } from "./boundaries.ts";
import { addEnforcementRoutes } from "./enforcement.ts";
import { addFunctionRoutes } from "./functions.ts";
import { addHealthRoutes } from "./health.ts";
import { addInvocationRoutes } from "./invocations.ts";
import { addPriorityRoutes } from "./priority.ts";
import { type FieldError, ProblemError, show } from "./problem.ts";
import { checkPercentEncoding, RouteTable, splitUrl } from "./request_path.ts";
import { type AccessRequest, Security, type SecurityOptions } from "./security.ts";
import { escapeJson } from "./escape_json.ts";
import { addWhatIfRoutes } from "./whatif.ts";
import { type Api, type ApiEnv, jsonAnswer } from "./types.ts";

export interface AppOptions {
  readonly security: SecurityOptions;
}

/**
 * Makes the agent's HTTP application. The server passes how a request came in as Hono's bindings:
 * `app.fetch(request, { connection })`, in a test `app.request(path, init, { connection })`.
 */
export function createApp(view: AgentView, options: AppOptions): Api {
  const app: Api = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
  app.use(escapeJson);
  addGuards(app, new Security(options.security));

  addPriorityRoutes(app, view);
  addFunctionRoutes(app, view);
  addInvocationRoutes(app, view);
  addBoundaryRoute(app, view);
  addWhatIfRoutes(app, view);
  addEnforcementRoutes(app, view);
  addHealthRoutes(app, view);
  addOpenApiRoute(app, view.version);

  app.onError((error, c) => asProblem(error, c.req.header("content-type")).response(c));
  return app;
}

/** What every request passes before its route sees it. */
function addGuards(app: Api, security: Security): void {
  let routes: RouteTable | undefined;
  app.use(async (c, next) => {
    // First, so that refusals have them too.
    c.header("Cache-Control", "no-store");
    c.header("X-Content-Type-Options", "nosniff");
    const { authority, path, query } = splitUrl(c.req.url);
    const request: AccessRequest = {
      connection: c.env?.connection,
      method: c.req.method,
      path,
      authority,
      header: (name) => c.req.header(name),
    };
    security.checkHost(request);
    checkPercentEncoding(path, query);
    // Made at the first request, when all routes are there.
    routes ??= new RouteTable(app.openAPIRegistry.definitions);
    routes.check(c.req.method, path);
    security.checkAccess(request);
    c.set("mayRead", security.mayRead(request));
    await next();
  });
  app.use(limitBody);
}

function addOpenApiRoute(app: Api, version: string): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "The token of --token-file. Not needed on the Unix socket; to read, only off loopback.",
  });
  const route = createRoute({
    method: "get",
    path: "/openapi.json",
    summary: "This document",
    responses: {
      200: jsonAnswer(
        z.object({ openapi: z.string(), info: z.object({}), paths: z.object({}) }),
        "An OpenAPI 3.1 document",
      ),
    },
  });
  app.openapi(route, (c) => {
    const document: { openapi: string; info: object; paths?: object } = app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: {
        title: "ALPS agent",
        version,
        description:
          "What the agent has learned about the functions of this machine, and how to overrule it.",
        license: { name: "Apache-2.0" },
      },
    });
    return c.json({ ...document, paths: document.paths ?? {} }, 200);
  });
}

/** A body, query or path that does not fit its schema becomes a 400 that names each wrong field. */
const refuseInvalid: Hook<unknown, ApiEnv, string, unknown> = (result) => {
  if (result.success) return;
  const errors = new Map<string, FieldError>();
  for (const issue of result.error.issues) {
    const path = issue.path.map(String);
    const fields = issue.code === "unrecognized_keys" ? issue.keys.map((key) => [...path, key]) : [path];
    for (const field of fields.map((names) => names.join("."))) {
      // One message a field: a number out of range and with a fraction breaks two conditions with one message.
      if (!errors.has(field)) errors.set(field, { field, message: issue.message });
    }
  }
  const list = [...errors.values()];
  const part = result.target === "json" ? "body" : result.target === "param" ? "path" : result.target;
  const detail = list.map(({ field, message }) => `${field === "" ? "it" : field} ${message}`).join("; ");
  throw new ProblemError(400, `the ${part} is wrong: ${detail}`, { errors: list });
};

/** Whatever was thrown, as an answer. What is nobody's mistake but ours is logged and not shown. */
function asProblem(error: Error, contentType: string | undefined): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof RequestError) {
    const errors = error.field === undefined ? undefined : [{ field: error.field, message: error.message }];
    return new ProblemError(error.status, error.message, { ...(errors && { errors }) });
  }
  if (error instanceof HTTPException && error.status === 415) {
    const came = contentType === undefined ? "a body without Content-Type" : show(contentType);
    return new ProblemError(415, `the body must be application/json, not ${came}`);
  }
  if (error instanceof HTTPException && error.status === 400) {
    return new ProblemError(400, "the body is not valid JSON");
  }
  getLogger(["alps", "api"]).error("a request failed: {error}", { error });
  return new ProblemError(500, "the agent failed to answer; its log says why");
}
