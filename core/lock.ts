/** One enforcing agent per machine: a lock that the kernel gives up when its holder ends, however it ends. */

import { osReason } from "../ffi/errors.ts";
import { dirname } from "node:path";

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
      const pid = (await Deno.readTextFile(path)).trim() || "unknown";
      file.close();
      throw new LockedError(path, pid);
    }
    await file.truncate(0);
    await file.write(new TextEncoder().encode(`${Deno.pid}\n`));
    return new AgentLock(file);
  }

  [Symbol.dispose](): void {
    this.file.close();
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
