/** The client for hosts behind https: `fetch`, which costs far more CPU time than the native load generator. */
import type { HttpAnswer } from "./http_answer.ts";

/** Longest body that is looked into; what a host answers beyond it is dropped. */
const BODY_MOST = 64 * 1024;

/** Sends JSON documents with `fetch`. There is no limit on connections. */
export class FetchClient implements Disposable {
  readonly #client: Deno.HttpClient;
  readonly #closed = new AbortController();

  constructor(readonly target: URL) {
    this.#client = openClient(target);
  }

  async post(path: string, json: string): Promise<HttpAnswer> {
    const response = await fetch(new URL(path, this.target), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: json,
      redirect: "manual",
      client: this.#client,
      signal: this.#closed.signal,
    });
    return { status: response.status, body: await readBody(response) };
  }

  get closed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Requests under way reject. May be called again. */
  [Symbol.dispose](): void {
    if (this.closed) return;
    this.#closed.abort();
    this.#client.close();
  }
}

function openClient(target: URL): Deno.HttpClient {
  // Deno takes a proxy from the environment. One on the way would be measured too, and knows nothing of this machine.
  const before = Deno.env.get("NO_PROXY");
  const bypassed = before ?? Deno.env.get("no_proxy") ?? "";
  Deno.env.set("NO_PROXY", `${bypassed},${target.hostname.replace(/^\[|\]$/g, "")}`);
  try {
    // Idle connections are left before servers close them (after 5 s, often): a request on a closed one would fail.
    return Deno.createHttpClient({ poolMaxIdlePerHost: 4096, poolIdleTimeout: 3000, http2: false });
  } finally {
    if (before === undefined) Deno.env.delete("NO_PROXY");
    else Deno.env.set("NO_PROXY", before);
  }
}

/** The answer's first bytes as text; the rest is read too, because the connection is used again. */
async function readBody(response: Response): Promise<string> {
  if (Number(response.headers.get("Content-Length") ?? NaN) <= BODY_MOST) return await response.text();
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of response.body ?? []) {
    if (text.length < BODY_MOST) text += decoder.decode(chunk, { stream: true });
  }
  return text;
}
