/** Docker's engine over its Unix socket (Docker Engine API): which containers there are, and what happens to them. */

import type { ContainerFacts } from "./facts.ts";
import { readJson, readLines, reasonOf } from "./http_body.ts";
import { Looks } from "./looks.ts";
import { listOf, parseJson, property, textAt, textsOf } from "./read_limited.ts";

/** Where Docker's socket is if `DOCKER_HOST` does not say so. */
export const DOCKER_SOCKET = "/var/run/docker.sock";

/** Longest answer that is read, in bytes. */
const MOST_BYTES = 32 << 20;

/** How long the engine may take for an answer. */
const ANSWER_MS = 10_000;

/** What is told by {@link DockerEngine.follow}. */
export interface ContainerListener {
  /** A container is there, or is called or labelled otherwise. */
  known(facts: ContainerFacts): void;
  gone(id: string): void;
  /** A container is there, and could not be looked at so far: that is tried again. */
  failed(id: string, reason: string): void;
  /** All that are there now have been told. */
  complete(ids: ReadonlySet<string>): void;
}

/** The path of the engine's socket by the variable that Docker's own tools read; undefined where it is no Unix socket. */
export function dockerSocket(dockerHost: string | undefined): string | undefined {
  if (dockerHost === undefined || dockerHost === "") return DOCKER_SOCKET;
  return dockerHost.startsWith("unix://") ? dockerHost.slice("unix://".length) || DOCKER_SOCKET : undefined;
}

/** Events after which a container is looked at anew. */
const CHANGES = ["create", "start", "rename", "update"];

export class DockerEngine {
  constructor(readonly socket: string) {}

  /**
   * Tells of all containers, and then of every change, until the connection ends or `signal` is given.
   * @throws where the engine does not answer, or not as it should
   */
  async follow(listener: ContainerListener, signal: AbortSignal): Promise<void> {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: this.socket } });
    // Whatever ends it ends the requests under way, too.
    const ended = new AbortController(), whole = AbortSignal.any([signal, ended.signal]);
    const get = async (path: string, wholeSignal = whole) => {
      const response = await fetch(`http://docker${path}`, { client, signal: wholeSignal });
      if (response.ok) return response;
      await response.body?.cancel();
      throw new StatusError(path.split("?")[0]!, response.status);
    };
    const bounded = () => AbortSignal.any([whole, AbortSignal.timeout(ANSWER_MS)]);
    const looks = new Looks(whole, async (id) => {
      let response: Response;
      try {
        response = await get(`/containers/${encodeURIComponent(id)}/json`, bounded());
      } catch (error) {
        if (!(error instanceof StatusError && error.status === 404)) throw error;
        if (looks.isWanted(id)) listener.gone(id);
        return;
      }
      const facts = factsOf(await readJson(response, MOST_BYTES));
      if (!facts) throw new Error("its answer is no container");
      if (looks.isWanted(id)) listener.known(facts);
    }, (id, error) => listener.failed(id, reasonOf(error)));
    try {
      // Listening begins before the list is read, so that nothing is missed in between.
      const filters = encodeURIComponent(JSON.stringify({ type: ["container"] }));
      const events = await get(`/events?filters=${filters}`);
      try {
        const list = await readJson(await get("/containers/json", bounded()), MOST_BYTES);
        if (!Array.isArray(list)) throw new Error("its answer is no list of containers");
        const ids = new Set(list.flatMap((each) => textAt(each, "Id") ?? []));
        await Promise.all([...ids].map((id) => looks.want(id)));
        signal.throwIfAborted();
        listener.complete(ids);
      } catch (error) {
        await events.body?.cancel();
        throw error;
      }
      for await (const line of readLines(events, MOST_BYTES)) {
        // A line that is too long names a container all the same; it is cut after the id.
        const event = line.whole ? parseJson(line.text) : undefined;
        const id = textAt(event, "Actor", "ID") ?? textAt(event, "id") ??
          /"id":"([0-9a-f]{64})"/.exec(line.text)?.[1];
        const action = textAt(event, "Action") ?? /"status":"([a-z_]+)/.exec(line.text)?.[1] ?? "update";
        if (id === undefined) continue;
        if (CHANGES.includes(action)) looks.want(id);
        else if (action === "destroy" || action === "die") {
          looks.drop(id);
          listener.gone(id);
        }
      }
    } finally {
      ended.abort();
    }
  }
}

/** The engine answers otherwise than it should. */
class StatusError extends Error {
  override name = "StatusError";

  constructor(path: string, readonly status: number) {
    super(`GET ${path} is answered with status ${status}`);
  }
}

/** What `GET /containers/ID/json` says, as far as it is used. */
export function factsOf(container: unknown): ContainerFacts | undefined {
  const id = textAt(container, "Id");
  if (id === undefined) return undefined;
  const config = property(container, "Config");
  const binds = listOf(property(property(container, "HostConfig"), "Binds"));
  return {
    runtime: "docker",
    id,
    namespace: undefined,
    name: textAt(container, "Name")?.replace(/^\//, ""),
    labels: textsOf(property(config, "Labels")),
    env: listOf(property(config, "Env")).filter((each) => typeof each === "string"),
    mounts: binds.flatMap((bind) => {
      // SOURCE:DESTINATION[:OPTIONS]
      const [source, destination] = typeof bind === "string" ? bind.split(":") : [];
      return source === undefined || destination === undefined ? [] : [{ source, destination }];
    }),
    pod: undefined,
  };
}
