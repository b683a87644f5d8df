/** One enforcing agent per machine: a lock that the kernel gives up when its holder ends, however it ends. */

import { osReason } from "../ffi/errors.ts";
import { dirname } from "node:path";
import { exists } from "./journal_file.ts";

/** Where the lock of the one enforcing agent is. */
export const LOCK_PATH = "/run/alps/agent.lock";

/** Another agent holds the lock. */
export class LockedError extends Error {
  constructor(readonly path: string, readonly pid: string) {
    super(
      `another agent is running on this machine (pid ${pid}, lock ${path}); --backend none may run beside it`,
    );
    this.name = "LockedError";
  }
}

/** The lock's file, held. It stays where it is: removing it would let two agents hold two files of one name. */
export class AgentLock implements Disposable {
  private constructor(readonly file: Deno.FsFile) {}

  /** Takes the lock or throws {@link LockedError}; the file holds the holder's pid. */
  static async take(path: string): Promise<AgentLock> {
    const file = await openLock(path);
    if (!(await file.tryLock(true))) {
      file.close();
      throw new LockedError(path, await holderOf(path));
    }
    await file.truncate(0);
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
    return new AgentLock(file);
  }

  [Symbol.dispose](): void {
    this.file.close();
  }
}

/** Looks for its pid: one that has just taken the lock has not written it yet, and an earlier one's may be there. */
const HOLDER_LOOKS = 50, HOLDER_LOOK_MS = 20;

async function holderOf(path: string): Promise<string> {
  for (let looks = 0;; looks++) {
    const pid = (await Deno.readTextFile(path)).trim();
    if (pid !== "" && exists(`/proc/${pid}`)) return pid;
    // One that this process cannot see, in another container.
    if (looks === HOLDER_LOOKS) return pid || "unknown";
    await new Promise((resolve) => setTimeout(resolve, HOLDER_LOOK_MS));
  }
}

async function openLock(path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(dirname(path), { recursive: true });
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (cause) {
    const why = osReason(cause);
    throw new Error(`cannot take the lock ${path}: ${why}`, { cause });
  }
}
