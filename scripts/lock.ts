import { join } from "node:path";
import { BUILD_DIR, TEMPORARY_DIR } from "./paths.ts";

/**
 * Runs `action` while no other set-up or build of this checkout runs. The kernel drops the lock when its holder
 * dies, so an interrupted run blocks nobody. Leftovers of one are removed first.
 *
 * @param buildDir the folder to guard; made where it does not exist
 */
export async function withBuildLock<T>(
  action: () => Promise<T>,
  buildDir: string = BUILD_DIR,
  temporaryDir: string = TEMPORARY_DIR,
): Promise<T> {
  await Deno.mkdir(buildDir, { recursive: true });
  using file = await openLock(join(buildDir, ".lock"));
  if (!await file.tryLock(true)) {
    console.error("Waiting for another set-up or build of this checkout to end.");
    await file.lock(true);
  }
  await removeIfThere(temporaryDir);
  try {
    return await action();
  } finally {
    await removeIfThere(temporaryDir);
  }
}

/** What root has built, others may use: a lock file that cannot be written can still be locked. */
async function openLock(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { create: true, write: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    return await Deno.open(path);
  }
}

/** Removes a file or a whole folder; it need not exist. */
export async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
