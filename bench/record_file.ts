/**
 * The agent's record of invocations, as a file that it is still writing.
 */
import { FailedError } from "../cli/errors.ts";
import { sleep } from "./clock.ts";
import { joinRecords, parseRecord, type RecordEntry } from "./join.ts";
import type { SentRequest } from "./replay.ts";

const LOOK_EVERY_MS = 50;

/** The agent writes within a tenth of a second of an invocation's end, and later on a machine that is busy otherwise. */
const PATIENCE_MS = 2500;

/**
 * Reads the record again and again until it has all successful requests, or for some seconds in vain.
 *
 * @throws FailedError where the file cannot be read, RecordError where it is no such record
 */
export async function readRecord(
  path: string,
  requests: readonly SentRequest[],
  signal?: AbortSignal,
): Promise<RecordEntry[]> {
  const giveUpMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const entries = parseRecord(await readText(path));
    const missing = joinRecords(requests, entries).some(({ request, entry }) =>
      request.error === undefined && request.pid !== undefined && entry === undefined
    );
    if (!missing || performance.now() >= giveUpMs) return entries;
    await sleep(LOOK_EVERY_MS, signal);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new FailedError(`cannot read the record of invocations ${JSON.stringify(path)}: ${why}`, {
      cause: error,
    });
  }
}
