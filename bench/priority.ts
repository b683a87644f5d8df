/**
 * The client's own priority.
 */
import { getPriority, setPriority } from "node:os";

/** What the client runs at; lower is more. */
const CLIENT_NICE = -10;

/**
 * Runs something with this process's main thread at a raised priority, then puts it back. The client of a benchmark
 * stands for clients on other machines: it must not queue for the CPU behind the functions that it calls. It is raised
 * under every policy alike, and only while it sends, so that the processes that it starts (host, agent) are not.
 *
 * @returns what `action` returns; where raising is not allowed (not root), it runs as it is
 */
export async function atRaisedPriority<T>(action: () => Promise<T>): Promise<T> {
  const before = getPriority();
  try {
    setPriority(CLIENT_NICE);
  } catch {
    return await action();
  }
  try {
    return await action();
  } finally {
    setPriority(before);
  }
}
