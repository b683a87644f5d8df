/** Docker's engine over its Unix socket (Docker Engine API): which containers there are, and what happens to them. */

import type { ContainerFacts } from "./facts.ts";
import { readJson, readLines, reasonOf } from "./http_body.ts";
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
  /** A container is there, and cannot be looked at. */
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
    const get = async (path: string, wholeSignal = signal) => {
      const response = await fetch(`http://docker${path}`, { client, signal: wholeSignal });
      if (response.ok || response.status === 404) return response;
      await response.body?.cancel();
      throw new Error(`GET ${path.split("?")[0]} is answered with status ${response.status}`);
    };
    const bounded = () => AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const look = async (id: string) => {
      try {
        await inspect(id);
      } catch (error) {
        signal.throwIfAborted();
        listener.failed(id, reasonOf(error));
      }
    };
    const inspect = async (id: string) => {
      const response = await get(`/containers/${encodeURIComponent(id)}/json`, bounded());
      if (response.status === 404) {
        await response.body?.cancel();
        return listener.gone(id);
      }
      const facts = factsOf(await readJson(response, MOST_BYTES));
      if (facts) listener.known(facts);
    };
    // Listening begins before the list is read, so that nothing is missed in between.
    const filters = encodeURIComponent(JSON.stringify({ type: ["container"] }));
    const events = await get(`/events?filters=${filters}`);
    const list = listOf(await readJson(await get("/containers/json", bounded()), MOST_BYTES));
    const ids = new Set(list.flatMap((each) => textAt(each, "Id") ?? []));
    for (const id of ids) await look(id);
    listener.complete(ids);
    for await (const line of readLines(events, MOST_BYTES)) {
      // A line that is too long names a container all the same; it is cut after the id.
      const event = line.whole ? parseJson(line.text) : undefined;
      const id = textAt(event, "Actor", "ID") ?? textAt(event, "id") ??
        /"id":"([0-9a-f]{64})"/.exec(line.text)?.[1];
      const action = textAt(event, "Action") ?? /"status":"([a-z_]+)/.exec(line.text)?.[1] ?? "update";
      if (id === undefined) continue;
      if (CHANGES.includes(action)) await look(id);
      else if (action === "destroy" || action === "die") listener.gone(id);
    }
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
