/** HTTP/1.1 answers as bytes. */

/** What a host answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * Takes a whole answer apart. A body that is cut short (or was not kept whole) is returned as far as it goes.
 *
 * @throws Error where it is no HTTP
 */
export function parseAnswer(bytes: Uint8Array): HttpAnswer {
  const text = new TextDecoder("latin1").decode(bytes);
  const end = text.indexOf("\r\n\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]);
  if (end < 0 || !(status >= 100)) throw new Error("the answer is no HTTP");
  const chunked = /^transfer-encoding:.*\bchunked\b/im.test(text.slice(0, end));
  const body = bytes.subarray(end + 4);
  return { status, body: new TextDecoder().decode(chunked ? withoutChunks(body) : body) };
}

function withoutChunks(bytes: Uint8Array): Uint8Array {
  const latin1 = new TextDecoder("latin1").decode(bytes);
  const whole = new Uint8Array(bytes.length);
  let length = 0;
  for (let at = 0; at < bytes.length;) {
    const lineEnd = latin1.indexOf("\r\n", at);
    const size = parseInt(latin1.slice(at, lineEnd < 0 ? undefined : lineEnd), 16);
    if (lineEnd < 0 || !(size > 0)) break;
    const part = bytes.subarray(lineEnd + 2, lineEnd + 2 + size);
    whole.set(part, length);
    length += part.length;
    at = lineEnd + 2 + size + 2;
  }
  return whole.subarray(0, length);
}
