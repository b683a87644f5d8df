/**
 * The record of the running agent in its state folder: where it answers, for other programs; and, where it is found at
 * the next start, the sign that the agent before could not put things back.
 */

import { osReason } from "../ffi/errors.ts";
import { join } from "node:path";
import { z } from "zod";

/** `agent.json`. */
const Schema = z.object({
  pid: z.int(),
  version: z.string(),
  /** RFC 3339. */
  started: z.string(),
  backend: z.string(),
  url: z.string(),
  socket: z.string(),
});

export type RunInfo = z.infer<typeof Schema>;

/** A record that is there while the agent runs. Closing removes it. */
export class RunRecord implements Disposable {
  private constructor(readonly path: string) {}

  /**
   * Writes the record, as a whole, making the folder where it is missing.
   * @returns the record, and what an agent left behind that did not end properly
   * @throws Error of one line where the folder cannot be written to
   */
  static write(folder: string, info: RunInfo): { record: RunRecord; left: RunInfo | undefined } {
    const path = join(folder, "agent.json");
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o755 });
      const left = readRecord(path);
      Deno.writeTextFileSync(`${path}.new`, JSON.stringify(info, null, 2) + "\n");
      Deno.renameSync(`${path}.new`, path);
      return { record: new RunRecord(path), left };
    } catch (cause) {
      const why = osReason(cause);
      throw new Error(`cannot write to the state folder ${folder}: ${why}`, { cause });
    }
  }

  [Symbol.dispose](): void {
    try {
      Deno.removeSync(this.path);
    } catch {
      // someone has removed it already
    }
  }
}

/** What is there; undefined where there is none, or something that is no record. */
function readRecord(path: string): RunInfo | undefined {
  try {
    return Schema.safeParse(JSON.parse(Deno.readTextFileSync(path))).data;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}
