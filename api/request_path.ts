/**
 * A request's URL, taken apart by hand, and the routes that its path may mean. Security is decided on the path as it was
 * sent: a path that is decoded or normalised first could mean one thing to the guard and another to the router.
 */
import type { OpenAPIHono } from "@hono/zod-openapi";
import { ProblemError, show } from "./problem.ts";

/** Authority, path and query (without its question mark) of a request's URL, undecoded. */
export function splitUrl(url: string): { authority: string; path: string; query: string } {
  const match = /^[^:/?#]+:\/\/([^/?#]*)([^?#]*)(?:\?([^#]*))?/.exec(url);
  return { authority: match?.[1] ?? "", path: match?.[2] || "/", query: match?.[3] ?? "" };
}

/** @throws {ProblemError} 400 where a percent sign does not begin a sequence that decodes to UTF-8. */
export function checkPercentEncoding(path: string, query: string): void {
  for (const part of [...path.split("/"), ...query.split(/[&=]/)]) {
    try {
      decodeURIComponent(part);
    } catch {
      throw new ProblemError(
        400,
        `malformed percent-encoding in ${show(part)}: wanted % and two hexadecimal digits, UTF-8 in all`,
      );
    }
  }
}

type Definitions = OpenAPIHono["openAPIRegistry"]["definitions"];

/** Which methods each path has. */
export class RouteTable {
  readonly #paths: { pattern: RegExp; methods: Set<string> }[] = [];

  /** Takes the routes from where the OpenAPI document has them. */
  constructor(definitions: Definitions) {
    const methodsOf = new Map<string, Set<string>>();
    for (const definition of definitions) {
      if (definition.type !== "route") continue;
      const { path, method } = definition.route;
      const methods = methodsOf.get(path) ?? new Set();
      methodsOf.set(path, methods.add(method.toUpperCase()));
      if (method === "get") methods.add("HEAD");
    }
    for (const [path, methods] of methodsOf) {
      const pattern = path.split(/\{[^}]+\}/).map((text) => text.replace(/[.*+?^$()[\]\\|]/g, "\\$&")).join(
        "[^/]+",
      );
      this.#paths.push({ pattern: new RegExp(`^${pattern}$`), methods });
    }
  }

  /** @throws {ProblemError} 404 for a path that does not exist, 405 for one that does not have this method. */
  check(method: string, path: string): void {
    const found = this.#paths.find(({ pattern }) => pattern.test(path));
    if (!found) {
      throw new ProblemError(404, `there is no ${show(path)} here; GET /openapi.json shows what there is`);
    }
    if (found.methods.has(method)) return;
    const allow = [...found.methods].sort().join(", ");
    throw new ProblemError(405, `${show(path)} does not take ${show(method)}: it takes ${allow}`, {
      headers: { Allow: allow },
    });
  }
}
