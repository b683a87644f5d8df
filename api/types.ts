/**
 * What the routes share.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Connection } from "./security.ts";
import { ProblemSchema } from "./schemas.ts";
import { PROBLEM_TITLES, type ProblemStatus } from "./problem.ts";

/** What Hono carries along with each request. */
export interface ApiEnv {
  Bindings: {
    /** Given by the server with each request; without it a request is trusted with nothing. */
    connection?: Connection;
  };
  Variables: {
    /** Whether this client may see names of functions. */
    mayRead: boolean;
  };
}

/** The application, as the files that add routes see it. */
export type Api = OpenAPIHono<ApiEnv>;

/** The answers of a route that are problems, for its OpenAPI description. */
export function problems(...statuses: ProblemStatus[]) {
  return Object.fromEntries(
    statuses.map((status) => [status, {
      description: PROBLEM_TITLES[status],
      content: { "application/problem+json": { schema: ProblemSchema } },
    }]),
  );
}

/** An answer in JSON, for a route's OpenAPI description. */
export function jsonAnswer<Schema>(schema: Schema, description: string) {
  return { description, content: { "application/json": { schema } } };
}

/** What a route needs of a client: for its OpenAPI description; `security.ts` enforces it by method. */
export const WRITE_SECURITY: Record<string, string[]>[] = [{ token: [] }];
