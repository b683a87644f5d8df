/** What /proc says of the processes that tests start. */

/** The name of a process as the kernel has it; undefined where it is gone. A name may have any bytes but NUL in it. */
export function readComm(pid: number): string | undefined {
  const text = readProc(`/proc/${pid}/comm`);
  return text?.slice(0, -1);
}

/** The processes that a process has started and not yet waited for. */
export function childrenOf(pid: number): number[] {
  return (readProc(`/proc/${pid}/task/${pid}/children`) ?? "").split(" ").filter((id) => id !== "").map(
    Number,
  );
}

/** Whether a process is there and has not ended. */
export function isAlive(pid: number): boolean {
  const stat = readProc(`/proc/${pid}/stat`);
  // The state follows the name, which is in parentheses and may hold any.
  const state = stat?.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Looks again and again until there is something. */
export async function eventually<T>(look: () => T | undefined | false): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

function readProc(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
