/**
 * The record of the running agent in its state folder: where it answers, for other programs; and, where it is found at
 * the next start, the sign that the agent before did not end properly.
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
   * @throws Error of one line where the folder cannot be written to
   */
  static write(folder: string, info: RunInfo): RunRecord {
    const path = recordPath(folder);
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o755 });
      Deno.writeTextFileSync(`${path}.new`, JSON.stringify(info, null, 2) + "\n");
      Deno.renameSync(`${path}.new`, path);
      return new RunRecord(path);
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

function recordPath(folder: string): string {
  return join(folder, "agent.json");
}

/** What an agent has left that did not end properly; undefined where there is none, or something that is no record. */
export function leftRecord(folder: string): RunInfo | undefined {
  try {
    return Schema.safeParse(JSON.parse(Deno.readTextFileSync(recordPath(folder)))).data;
  } catch {
    return undefined;
  }
}
