/**
 * Who may do what. Whoever can change priorities can starve others, so:
 *
 * | connection              | reading               | writing |
 * |-------------------------|-----------------------|---------|
 * | Unix socket (mode 0660) | yes                   | yes     |
 * | TCP, loopback           | yes                   | token   |
 * | TCP, any other address  | token (but see below) | token   |
 *
 * `/healthz` and `/readyz` are open everywhere, for the probes of orchestrators, which cannot send a token; they show no
 * names. Requests over TCP must name this machine in `Host`, so that a web page whose name resolves to a loopback address
 * (DNS rebinding) cannot read here; and a write with an `Origin` must come from the same origin.
 */
import type { Buffer } from "node:buffer";
import { createHash, timingSafeEqual } from "node:crypto";
import {
  canonicalHost,
  hostOfAuthority,
  isAddressLiteral,
  isLoopbackHost,
  isWildcardHost,
} from "./address.ts";
import { ProblemError } from "./problem.ts";

/**
 * How a request came in. The server says so with each request (Hono's bindings); nothing that a client sends can change
 * it.
 */
export type Connection =
  | { readonly transport: "unix" }
  | {
    readonly transport: "tcp";
    /** The host as the user gave it: `localhost`, `127.0.0.1`, `0.0.0.0`, … */
    readonly listenHost: string;
    /** The IP address that the listener is bound to. */
    readonly boundAddress: string;
  };

export interface SecurityOptions {
  /** The token of `--token-file` ({@link readTokenFile}). Without one, nobody writes over TCP. */
  readonly token?: string;
  /** Shown in messages, so that people know where to go. */
  readonly socketPath?: string;
  /** Further host names by which this machine is reached over TCP, accepted in `Host`. */
  readonly hosts?: readonly string[];
}

/** What of a request decides about access. */
export interface AccessRequest {
  readonly connection: Connection | undefined;
  readonly method: string;
  /** The path as it was sent, still percent-encoded. */
  readonly path: string;
  /** The authority of the request's URL. */
  readonly authority: string;
  /** A header's value, or undefined. */
  readonly header: (name: string) => string | undefined;
}

const READING = new Set(["GET", "HEAD"]);
const OPEN_PATHS = new Set(["/healthz", "/readyz"]);

/** The rules above, for one agent. */
export class Security {
  readonly #options: SecurityOptions;
  readonly #hosts: ReadonlySet<string>;
  readonly #tokenDigest: Buffer | undefined;

  constructor(options: SecurityOptions) {
    this.#options = options;
    this.#hosts = new Set((options.hosts ?? []).map(canonicalHost).filter((host) => host !== undefined));
    this.#tokenDigest = options.token === undefined ? undefined : digest(options.token);
  }

  /** @throws {ProblemError} 403 where a request over TCP names another machine than this one. */
  checkHost(request: AccessRequest): void {
    const { connection } = request;
    if (connection?.transport === "unix") return;
    // Both must fit: in a request with an absolute URL, or over HTTP/2, `Host` and the URL can differ or one can be missing.
    for (const authority of [request.authority, request.header("host")]) {
      if (authority === undefined) continue;
      const host = hostOfAuthority(authority);
      if (host === undefined || !this.#isOurs(host, connection)) {
        throw new ProblemError(
          403,
          `the request is for the host ${
            JSON.stringify(authority)
          }: wanted localhost, a loopback address or the address that the agent listens on`,
        );
      }
    }
  }

  /** Whether the client may see names of functions. */
  mayRead(request: AccessRequest): boolean {
    return isTrustedReader(request.connection) || this.#tokenState(request) === "right";
  }

  /** @throws {ProblemError} 401 or 403 where the client may not do what it asks for. */
  checkAccess(request: AccessRequest): void {
    const { connection, method, path } = request;
    if (READING.has(method)) {
      if (OPEN_PATHS.has(path) || isTrustedReader(connection)) return;
      this.#requireToken(request, "reading over TCP on an address other than loopback");
      return;
    }
    this.#checkOrigin(request);
    if (connection?.transport !== "unix") this.#requireToken(request, "changing anything over TCP");
  }

  #isOurs(host: string, connection: Connection | undefined): boolean {
    if (isLoopbackHost(host) || this.#hosts.has(host)) return true;
    if (connection?.transport !== "tcp") return false;
    if (host === canonicalHost(connection.listenHost) || host === canonicalHost(connection.boundAddress)) {
      return true;
    }
    // Listening on every address, each of them is ours, and an address, unlike a name, cannot be made to resolve to us.
    return isWildcardHost(connection.boundAddress) && isAddressLiteral(host);
  }

  #checkOrigin(request: AccessRequest): void {
    const origin = request.header("origin");
    if (origin === undefined) return;
    const own = (request.header("host") ?? request.authority).toLowerCase();
    if (origin === `http://${own}` || origin === `https://${own}`) return;
    throw new ProblemError(
      403,
      `a web page of another origin (${JSON.stringify(origin)}) may not change anything here`,
    );
  }

  #requireToken(request: AccessRequest, what: string): void {
    const socket = this.#options.socketPath
      ? `the Unix socket ${this.#options.socketPath}`
      : "the Unix socket";
    switch (this.#tokenState(request)) {
      case "right":
        return;
      case "none configured":
        throw new ProblemError(
          403,
          `${what} needs a token, and the agent has none: use ${socket}, or start the agent with --token-file FILE and send "Authorization: Bearer TOKEN"`,
        );
      case "missing":
        throw new ProblemError(
          401,
          `${what} needs "Authorization: Bearer TOKEN" with the token of --token-file, or ${socket}`,
          {
            headers: { "WWW-Authenticate": 'Bearer realm="alps"' },
          },
        );
      case "wrong":
        throw new ProblemError(401, "the token is not the one of the agent's --token-file", {
          headers: { "WWW-Authenticate": 'Bearer realm="alps", error="invalid_token"' },
        });
    }
  }

  #tokenState(request: AccessRequest): "right" | "none configured" | "missing" | "wrong" {
    if (this.#tokenDigest === undefined) return "none configured";
    const given = /^Bearer +([^\s]+)$/i.exec(request.header("authorization")?.trim() ?? "")?.[1];
    if (given === undefined) return "missing";
    // Digests have equal lengths, and their comparison takes the same time wherever they differ.
    return timingSafeEqual(digest(given), this.#tokenDigest) ? "right" : "wrong";
  }
}

function isTrustedReader(connection: Connection | undefined): boolean {
  if (connection === undefined) return false;
  return connection.transport === "unix" || isLoopbackHost(connection.boundAddress);
}

function digest(token: string): Buffer {
  return createHash("sha256").update(token).digest();
}
