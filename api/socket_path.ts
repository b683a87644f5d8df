/**
 * Making a path free for a Unix socket, without taking it away from somebody who uses it.
 */
import { ServerError } from "./address.ts";

/** Longest path that a Unix socket's address can hold, in bytes (`sun_path` has 108, one of them the final NUL). */
const MAX_PATH_BYTES = 107;

/**
 * Removes a socket file that nobody answers on, which is what a killed agent leaves behind.
 *
 * @throws {ServerError} where the path is too long, is taken by something that is no socket, or by one that answers.
 */
export async function freeSocketPath(path: string): Promise<void> {
  const fail = (reason: ServerError["reason"], why: string) =>
    new ServerError(reason, `cannot listen on ${path}: ${why}`);
  const bytes = new TextEncoder().encode(path).length;
  if (bytes > MAX_PATH_BYTES) {
    throw fail("address", `the path has ${bytes} bytes: must have at most ${MAX_PATH_BYTES}`);
  }
  const info = await lstatOrNothing(path);
  if (!info) return;
  if (!info.isSocket) {
    throw fail("in_use", "something that is not a socket is there; move it, or choose another path");
  }
  try {
    const connection = await Deno.connect({ transport: "unix", path });
    connection.close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (error instanceof Deno.errors.ConnectionRefused) return await removeIfThere(path);
    if (error instanceof Deno.errors.PermissionDenied) {
      throw fail("permission", "permission denied; wanted root");
    }
    // Anything else, such as a full queue of connections, means that somebody is there.
  }
  throw fail("in_use", "another program, perhaps an agent, listens there");
}

async function lstatOrNothing(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
