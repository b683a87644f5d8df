/**
 * Where pods are told of: the API server's watch of this node's pods, or the kubelet's list. The latter needs no more than
 * `nodes/pods` (kubelet fine-grained authorisation); `nodes/proxy` would allow to execute in any container.
 */

import { readIfThere } from "../read_file.ts";
import { readJson, readLines } from "./http_body.ts";
import { pause } from "./retry.ts";
import { parsePod, type Pod, type PodListener } from "./pods.ts";
import { listOf, parseJson, property, textAt } from "./read_limited.ts";

/** Where a pod finds its service account. */
export const CREDENTIALS = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Longest list and longest event that are read, in bytes. */
const MOST_LIST = 256 << 20, MOST_EVENT = 16 << 20;

/** How long an answer may take; a watch ends by itself after a while, and is begun anew. */
const ANSWER_MS = 30_000, WATCH_S = 300;

/** How often the kubelet is asked: labels that come late are known after this time. */
const POLL_MS = 700;

/** Where to ask, and as whom. */
export interface PodApiOptions {
  /** The API server's address; one that ends in `/pods` is a kubelet's list. */
  readonly url: URL;
  readonly nodeName: string;
  /** Folder with `token` and `ca.crt`; either may be missing. */
  readonly credentials: string;
}

/** The API server's address as a pod finds it in its environment (RFC 3986 brackets around IPv6); undefined elsewhere. */
export function serverInCluster(env: Readonly<Record<string, string | undefined>>): URL | undefined {
  const host = env["KUBERNETES_SERVICE_HOST"], port = env["KUBERNETES_SERVICE_PORT"] ?? "443";
  if (!host) return undefined;
  return URL.parse(`https://${host.includes(":") ? `[${host}]` : host}:${port}`) ?? undefined;
}

export class PodApi {
  constructor(readonly options: PodApiOptions) {}

  /** For people. */
  get place(): string {
    const { url, nodeName } = this.options;
    return isKubelet(url) ? url.href : `${url.href}, pods of node ${nodeName}`;
  }

  /**
   * Tells of all pods, and then of every change, until the connection ends or `signal` is given.
   * @throws where it does not answer, or not as it should
   */
  async follow(listener: PodListener, signal: AbortSignal): Promise<void> {
    const { url, credentials } = this.options;
    const authority = readIfThere(`${credentials}/ca.crt`);
    using client = Deno.createHttpClient(authority === undefined ? {} : { caCerts: [authority] });
    const get = async (address: URL, ms: number): Promise<Response> => {
      // Read each time: it is replaced before it expires.
      const token = readIfThere(`${credentials}/token`)?.trim();
      // Else the refused header would be told with all that is in it (RFC 6750, b64token).
      if (token && !/^[A-Za-z0-9._~+/=-]+$/.test(token)) {
        throw new Error(`${credentials}/token holds no token`);
      }
      const response = await fetch(address, {
        client,
        signal: AbortSignal.any([signal, AbortSignal.timeout(ms)]),
        headers: token ? { Authorization: `Bearer ${token}` } : {},
      });
      if (response.ok) return response;
      await response.body?.cancel();
      const why = response.status === 403 ? " (the service account may not list pods)" : "";
      throw new Error(`it answers with status ${response.status}${why}`);
    };
    if (isKubelet(url)) return await this.#poll(() => get(url, ANSWER_MS), listener, signal);
    const pods = new URL("api/v1/pods", url.href.endsWith("/") ? url : `${url.href}/`);
    pods.searchParams.set("fieldSelector", `spec.nodeName=${this.options.nodeName}`);
    const list = await readJson(await get(pods, ANSWER_MS), MOST_LIST);
    listener.complete(podsOf(list));
    pods.searchParams.set("watch", "1");
    pods.searchParams.set("allowWatchBookmarks", "true");
    pods.searchParams.set("timeoutSeconds", String(WATCH_S));
    pods.searchParams.set("resourceVersion", textAt(list, "metadata", "resourceVersion") ?? "0");
    const watch = await get(pods, (WATCH_S + 30) * 1000);
    for await (const { text, whole } of readLines(watch, MOST_EVENT)) {
      const event = whole ? parseJson(text) : undefined, type = textAt(event, "type");
      // What was cut, and an error such as "too old resource version", are made good by the next list.
      if (type === undefined || type === "ERROR") return;
      const pod = parsePod(property(event, "object"));
      if (!pod) continue;
      if (type === "DELETED") listener.gone(pod);
      else listener.known(pod);
    }
  }

  async #poll(get: () => Promise<Response>, listener: PodListener, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const pods = podsOf(await readJson(await get(), MOST_LIST));
      listener.complete(pods);
      await pause(POLL_MS, signal);
    }
  }
}

function isKubelet({ pathname }: URL): boolean {
  return pathname.endsWith("/pods");
}

/** @throws where it is no list of pods */
function podsOf(list: unknown): Pod[] {
  if (!Array.isArray(property(list, "items"))) throw new Error("its answer is no list of pods");
  return listOf(property(list, "items")).flatMap((item) => parsePod(item) ?? []);
}
