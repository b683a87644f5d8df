/** Bodies of HTTP answers of others, read with bounds. */

/**
 * The JSON of an answer.
 * @throws where it is longer than `most` bytes, or no JSON
 */
export async function readJson(response: Response, most: number): Promise<unknown> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > most) throw new Error(`an answer is longer than ${most} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(await new Blob(chunks).text());
  } catch {
    throw new Error("an answer is not JSON");
  }
}

/** A line of an answer without end. */
export interface Line {
  readonly text: string;
  /** False where it was too long: `text` is its beginning. */
  readonly whole: boolean;
}

/** The lines of an answer as they come; of one that is longer than `most` characters only the beginning. */
export async function* readLines(response: Response, most: number): AsyncGenerator<Line> {
  if (!response.body) return;
  let text = "", cut = false;
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    let from = 0;
    for (let end = chunk.indexOf("\n"); end >= 0; end = chunk.indexOf("\n", from)) {
      const line = text + chunk.slice(from, end);
      if (cut || line.trim() !== "") yield { text: line.slice(0, most), whole: !cut && line.length <= most };
      text = "";
      cut = false;
      from = end + 1;
    }
    if (text.length < most) text += chunk.slice(from, from + most - text.length);
    cut ||= text.length >= most;
  }
}

/** Why a request has failed, in few words: the innermost cause says most. */
export function reasonOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause !== undefined) innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}
