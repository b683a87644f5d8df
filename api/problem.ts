/**
 * Errors as `application/problem+json` (RFC 9457): one shape for everything that goes wrong in a request.
 */
import type { Context } from "hono";
import type { Parts } from "./agent_view.ts";

/** One wrong field of a body or a query. */
export interface FieldError {
  /** The field's name, with dots between levels; empty for the body as a whole. */
  field: string;
  /** What was wanted, and what came instead. */
  message: string;
}

/** Statuses that the interface answers with when something is wrong, and their titles (RFC 9110). */
export const PROBLEM_TITLES = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
  503: "Service Unavailable",
} as const;

export type ProblemStatus = keyof typeof PROBLEM_TITLES;

/** The document that a client gets. */
export interface ProblemDocument {
  /** Always `about:blank`: the status says all there is to the type. */
  type: string;
  title: string;
  status: number;
  detail: string;
  errors?: FieldError[];
  /** `GET /readyz` only: why the agent is not ready. */
  reasons?: string[];
  /** `GET /readyz` only: each part of the agent. */
  observing?: Parts["observing"];
  learning?: Parts["learning"];
  enforcing?: Parts["enforcing"];
}

/** What a problem may have besides its status and detail. */
export interface ProblemExtras {
  errors?: FieldError[];
  reasons?: string[];
  parts?: Parts;
  headers?: Record<string, string>;
}

/** Thrown anywhere in a request, it becomes the answer. */
export class ProblemError extends Error {
  constructor(readonly status: ProblemStatus, readonly detail: string, readonly extras: ProblemExtras = {}) {
    super(detail);
    this.name = "ProblemError";
  }

  /** The document for the client. */
  document(): ProblemDocument {
    const { errors, reasons, parts } = this.extras;
    return {
      type: "about:blank",
      title: PROBLEM_TITLES[this.status],
      status: this.status,
      detail: this.detail,
      ...(errors && { errors }),
      ...(reasons && { reasons }),
      ...parts,
    };
  }

  /** The answer to a request. */
  response(c: Context): Response {
    return c.body(JSON.stringify(this.document()), this.status, {
      "Content-Type": "application/problem+json",
      ...this.extras.headers,
    });
  }
}

/** A value from a request, as it may appear in a message: JSON, cut at 60 characters. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length <= 60 ? text : `${text.slice(0, 57)}...`;
}
