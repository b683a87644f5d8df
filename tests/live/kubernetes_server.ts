/** A small server with the answers of the Kubernetes API, in the shapes that its reference gives: pods, and their watch. */

/** A pod as far as the tests need it. */
export interface PodShape {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  labels: Record<string, string>;
  /** Name → containerd's id. */
  readonly containers: Record<string, string>;
}

function podObject({ uid, namespace, name, labels, containers }: PodShape, version: number): object {
  const names = Object.keys(containers);
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace, uid, labels, resourceVersion: String(version), annotations: {} },
    spec: { nodeName: "node-1", containers: names.map((each) => ({ name: each, image: "alps-test" })) },
    status: {
      phase: "Running",
      containerStatuses: names.map((each) => ({
        name: each,
        ready: true,
        containerID: `containerd://${containers[each]}`,
      })),
    },
  };
}

export class KubernetesServer implements AsyncDisposable {
  readonly pods = new Map<string, PodShape>();
  /** Requests that came, as path and query. */
  readonly requests: string[] = [];
  /** Status that everything is answered with; undefined: as it should be. */
  refuse: number | undefined;
  /** Awaited before anything is answered: a server that takes its time. */
  held: Promise<void> | undefined;
  /** Watches from before this version are answered as where the server no longer has what has changed since. */
  oldest = 0;
  #version = 100;
  /** All that has been told: a watch begins with what is newer than what it has seen. */
  readonly #told: { readonly version: number; readonly bytes: Uint8Array }[] = [];
  readonly #watchers = new Set<ReadableStreamDefaultController<Uint8Array>>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(readonly token = "secret") {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(request),
    );
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Adds a pod, or tells that it has changed. */
  put(pod: PodShape): void {
    const type = this.pods.has(pod.uid) ? "MODIFIED" : "ADDED";
    this.pods.set(pod.uid, pod);
    this.tell({ type, object: podObject(pod, ++this.#version) });
  }

  remove(uid: string): void {
    const pod = this.pods.get(uid)!;
    this.pods.delete(uid);
    this.tell({ type: "DELETED", object: podObject(pod, ++this.#version) });
  }

  /** Sends an event, or a line that is none, to all that watch. */
  tell(event: object | string): void {
    const line = typeof event === "string" ? event : JSON.stringify(event);
    const bytes = new TextEncoder().encode(`${line}\n`);
    this.#told.push({ version: this.#version, bytes });
    for (const watcher of this.#watchers) watcher.enqueue(bytes);
  }

  /** Ends all watches, as a server does that is restarted. */
  drop(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams, search } = new URL(request.url);
    this.requests.push(pathname + search);
    await this.held;
    const status = (code: number) =>
      Response.json({ kind: "Status", status: "Failure", code }, { status: code });
    if (this.refuse !== undefined) return status(this.refuse);
    if (request.headers.get("Authorization") !== `Bearer ${this.token}`) return status(401);
    const items = () => [...this.pods.values()].map((pod) => podObject(pod, this.#version));
    const list = { kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: String(this.#version) } };
    if (pathname === "/pods") return Response.json({ ...list, metadata: {}, items: items() });
    if (pathname !== "/api/v1/pods") return status(404);
    // Least privilege: only this node's pods are asked for.
    if (searchParams.get("fieldSelector") !== "spec.nodeName=node-1") return status(403);
    if (searchParams.get("watch") !== "1") return Response.json({ ...list, items: items() });
    const seen = Number(searchParams.get("resourceVersion")), tooOld = seen < this.oldest;
    let own: ReadableStreamDefaultController<Uint8Array>;
    return new Response(
      new ReadableStream<Uint8Array>({
        start: (controller) => {
          this.#watchers.add(own = controller);
          const first = tooOld
            ? { type: "ERROR", object: { kind: "Status", code: 410, reason: "Expired" } }
            : { type: "BOOKMARK", object: { kind: "Pod" } };
          controller.enqueue(new TextEncoder().encode(`${JSON.stringify(first)}\n`));
          const newer = this.#told.filter(({ version }) => version > seen);
          if (!tooOld) { for (const { bytes } of newer) controller.enqueue(bytes); }
        },
        cancel: () => void this.#watchers.delete(own),
      }),
      { headers: { "Content-Type": "application/json" } },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.drop();
    await this.#server.shutdown();
  }
}
