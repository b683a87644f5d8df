/**
 * Reading the body of a request, but not more of it than any request here can need.
 */
import type { MiddlewareHandler } from "hono";
import { ProblemError } from "./problem.ts";

/** Largest body of a request, in bytes. */
export const MAX_BODY_BYTES = 64 * 1024;

/**
 * Reads the body before validation does, to a limit that holds for chunked bodies too.
 *
 * @throws {ProblemError} 413 for a body over {@link MAX_BODY_BYTES}, 400 for one that is not UTF-8.
 */
export const limitBody: MiddlewareHandler = async (c, next) => {
  const { body } = c.req.raw;
  if (body) {
    // What is announced as too large is not even begun.
    if (Number(c.req.header("content-length") ?? 0) > MAX_BODY_BYTES) throw tooLarge();
    // Where Hono keeps a body that has been read. Wrapping it in a request of its own, as Hono's bodyLimit does, would
    // make Deno warn about request.signal.
    Object.assign(c.req.bodyCache, { text: Promise.resolve(decode(await readAll(body))) });
  }
  await next();
};

async function readAll(body: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const bytes = new Uint8Array(MAX_BODY_BYTES);
  let length = 0;
  for await (const chunk of body) {
    if (length + chunk.length > MAX_BODY_BYTES) throw tooLarge();
    bytes.set(chunk, length);
    length += chunk.length;
  }
  return bytes.subarray(0, length);
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new ProblemError(400, "the body is not UTF-8");
  }
}

function tooLarge(): ProblemError {
  return new ProblemError(413, `the body is larger than ${MAX_BODY_BYTES} bytes`);
}
