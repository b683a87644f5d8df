/**
 * A small HTTP/1.1 client for the load generator. It runs on the machine that it measures, and what it uses the functions
 * do not get: `fetch` takes 1.9 ms of CPU time a request at a dozen requests a second, this 0.9 ms. It knows what hosts of
 * functions answer (a length, chunks, or the end of the connection) and nothing else; for https use `fetch`.
 */

/** Connections that have been idle for longer are not used again: the server may be closing them. */
const IDLE_MS = 2_000;

/** Longest header of an answer. */
const HEADER_MOST = 64 * 1024;

/** Longest answer that is kept; more is read and dropped. */
const BODY_MOST = 64 * 1024;

export interface HttpAnswer {
  readonly status: number;
  /** The first 64 KiB. */
  readonly body: string;
}

interface Idle {
  readonly connection: Deno.TcpConn;
  readonly sinceMs: number;
}

/** Keeps connections to one server open. As many as there are requests under way. */
export class HttpPool implements Disposable {
  readonly #idle: Idle[] = [];
  readonly #open = new Set<Deno.TcpConn>();
  readonly #encoder = new TextEncoder();
  readonly #hostname: string;
  readonly #port: number;

  /** @param target `http:` */
  constructor(readonly target: URL) {
    this.#hostname = target.hostname.replace(/^\[|\]$/g, "");
    this.#port = Number(target.port || 80);
  }

  /** Sends a JSON document and reads the answer. Rejects where the connection fails or what comes is no HTTP. */
  async post(path: string, json: string): Promise<HttpAnswer> {
    const body = this.#encoder.encode(json);
    const head = this.#encoder.encode(
      `POST ${path} HTTP/1.1\r\nHost: ${this.target.host}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n`,
    );
    const request = new Uint8Array(head.length + body.length);
    request.set(head);
    request.set(body, head.length);
    const connection = this.#reusable() ?? await this.#connect();
    try {
      for (let at = 0; at < request.length;) at += await connection.write(request.subarray(at));
      const reader = new AnswerReader(connection);
      const answer = await reader.read();
      if (reader.reusable) this.#idle.push({ connection, sinceMs: performance.now() });
      else this.#close(connection);
      return answer;
    } catch (error) {
      this.#close(connection);
      throw error;
    }
  }

  #reusable(): Deno.TcpConn | undefined {
    const newest = this.#idle.pop();
    if (!newest) return undefined;
    if (performance.now() - newest.sinceMs < IDLE_MS) return newest.connection;
    for (const { connection } of [newest, ...this.#idle.splice(0)]) this.#close(connection);
    return undefined;
  }

  async #connect(): Promise<Deno.TcpConn> {
    const connection = await Deno.connect({ hostname: this.#hostname, port: this.#port });
    connection.setNoDelay(true);
    this.#open.add(connection);
    return connection;
  }

  #close(connection: Deno.TcpConn): void {
    if (this.#open.delete(connection)) connection.close();
  }

  /** Closes all connections; requests under way reject. */
  [Symbol.dispose](): void {
    for (const connection of [...this.#open]) this.#close(connection);
  }
}

/** Reads one answer from a connection. */
class AnswerReader {
  /** Whether the connection can be used again. */
  reusable = false;
  readonly #decoder = new TextDecoder();
  #buffer = new Uint8Array(0);
  #body = "";

  constructor(readonly connection: Deno.TcpConn) {}

  async read(): Promise<HttpAnswer> {
    const head = await this.#line("\r\n\r\n", HEADER_MOST);
    const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
    if (!(status >= 100)) throw new Error("the answer is no HTTP");
    if (status < 200) return await this.read(); // 100 Continue and the like
    const header = (name: string) => new RegExp(`^${name}:[ \t]*(.*?)[ \t]*$`, "im").exec(head)?.[1];
    const length = header("content-length");
    const close = /\bclose\b/i.test(header("connection") ?? "") || head.startsWith("HTTP/1.0");
    if (/\bchunked\b/i.test(header("transfer-encoding") ?? "")) await this.#chunks();
    else if (status === 204 || status === 304) this.#body = "";
    else if (length !== undefined) await this.#take(Number(length));
    else while (await this.#more()) this.#keep(this.#cut(this.#buffer.length));
    this.reusable = !close && (length !== undefined || header("transfer-encoding") !== undefined);
    return { status, body: this.#body };
  }

  async #chunks(): Promise<void> {
    for (;;) {
      const size = parseInt(await this.#line("\r\n", 1024), 16);
      if (!(size >= 0)) throw new Error("the answer has a chunk without a size");
      await this.#take(size);
      await this.#line("\r\n", HEADER_MOST);
      if (size === 0) return;
    }
  }

  /** Reads `count` bytes of the body. */
  async #take(count: number): Promise<void> {
    if (!(count >= 0)) throw new Error("the answer has a wrong length");
    for (let left = count; left > 0;) {
      if (this.#buffer.length === 0 && !await this.#more()) throw new Error("the answer is cut short");
      const part = this.#cut(Math.min(left, this.#buffer.length));
      left -= part.length;
      this.#keep(part);
    }
  }

  /** Reads up to and with `end`; returns what is before it. */
  async #line(end: string, most: number): Promise<string> {
    for (;;) {
      const text = LATIN1.decode(this.#buffer.subarray(0, most));
      const at = text.indexOf(end);
      if (at >= 0) {
        this.#cut(at + end.length);
        return text.slice(0, at);
      }
      if (this.#buffer.length >= most) throw new Error("the answer's header is too long");
      if (!await this.#more()) {
        throw new Error(this.#buffer.length === 0 ? "the connection was closed" : "the answer is cut short");
      }
    }
  }

  async #more(): Promise<boolean> {
    const part = new Uint8Array(4096);
    const n = await this.connection.read(part);
    if (n === null) return false;
    const joined = new Uint8Array(this.#buffer.length + n);
    joined.set(this.#buffer);
    joined.set(part.subarray(0, n), this.#buffer.length);
    this.#buffer = joined;
    return true;
  }

  #cut(count: number): Uint8Array {
    const part = this.#buffer.subarray(0, count);
    this.#buffer = this.#buffer.subarray(count);
    return part;
  }

  #keep(part: Uint8Array): void {
    if (this.#body.length < BODY_MOST) this.#body += this.#decoder.decode(part, { stream: true });
  }
}

const LATIN1 = new TextDecoder("latin1");
