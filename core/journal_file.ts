/** The journal's file: made with room on the disk before anything is changed, gone when everything has been put back. */

import { join, resolve } from "node:path";
import { Journal, type JournalRecords, readJournal } from "../enforce/journal.ts";
import { JOURNAL } from "../enforce/journal_layout.ts";
import { osReason } from "../ffi/errors.ts";
import type { Libc } from "../ffi/libc.ts";

/** Its name in the state folder, and in {@link RUNTIME_FOLDER}. */
export const JOURNAL_NAME = "changes.journal";

/**
 * In memory, and there on every machine. The journal is here where the state folder does not take one; else a symbolic
 * link here says where it is, for a next start with another state folder.
 */
export const RUNTIME_FOLDER = "/run/alps";

/** File systems that need new room, or another machine, when a page is written again: `f_type` of statfs(2). */
const UNSUITABLE: Record<number, string> = {
  0x9123683e: "btrfs",
  0x2fc12fc1: "zfs",
  0xca451a4e: "bcachefs",
  0xf2f52010: "f2fs",
  0x6969: "nfs",
  0xff534d42: "cifs",
  0xfe534d42: "smb",
  0x01021997: "9p",
  0x00c36400: "ceph",
  0x65735546: "fuse",
};

/** The machine's present run: it changes with every start. */
export function bootId(): string {
  return Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim();
}

/** An open journal. Its descriptor is the process's: the event thread maps it. Closing removes the file. */
export class JournalFile implements Disposable {
  private constructor(readonly libc: Libc, readonly path: string, readonly fd: number) {}

  /**
   * Makes a new journal in a folder, making that where it is missing, and takes over what could not be put back of the
   * one that is there, and of others, which it removes.
   * @param others journals elsewhere
   * @param anyFileSystem even on one where memory may turn out to have no room behind it: better than no journal
   * @throws Error of one line where the folder cannot hold one
   */
  static create(
    libc: Libc,
    folder: string,
    others: readonly string[] = [],
    anyFileSystem = false,
  ): JournalFile {
    const path = join(folder, JOURNAL_NAME), fresh = `${path}.new`;
    let fd = -1;
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: 0o755 });
      remove(fresh);
      fd = libc.createFile(fresh);
      const kind = UNSUITABLE[libc.fileSystem(fd)];
      if (kind && !anyFileSystem) throw new Error(`not on a file system of kind ${kind}`);
      libc.allocate(fd, JOURNAL.bytes);
      using mapping = libc.map(fd, JOURNAL.bytes, 0, true);
      const boot = bootId();
      const places = new Set([path, ...others].map((place) => resolve(place)));
      const before = [...places].map((place) => ({ place, records: openRecords(place, boot) }));
      new Journal(mapping.buffer, boot, () => undefined).begin({
        tasks: before.flatMap(({ records }) => records?.tasks ?? []),
        moves: before.flatMap(({ records }) => records?.moves ?? []),
        cgroups: before.flatMap(({ records }) => records?.cgroups ?? []),
      });
      Deno.renameSync(fresh, path);
      for (const { place, records } of before) if (records && place !== resolve(path)) remove(place);
      return new JournalFile(libc, path, fd);
    } catch (cause) {
      if (fd >= 0) {
        libc.close(fd);
        remove(fresh);
      }
      throw new Error(`cannot keep a journal in ${folder}: ${osReason(cause)}`, { cause });
    }
  }

  [Symbol.dispose](): void {
    this.libc.close(this.fd);
    // What is left was refused when it was to be put back: the next start tries again.
    const left = openRecords(this.path, bootId());
    if (!left || left.tasks.length + left.moves.length + left.cgroups.length === 0) remove(this.path);
  }
}

/** What is in force by a journal; undefined where there is none that can be trusted: that has been reported already. */
function openRecords(path: string, boot: string): JournalRecords | undefined {
  try {
    return readJournalFile(path, boot);
  } catch {
    return undefined; // it stays unread
  }
}

/** Reads a journal's file; undefined where there is none. Throws where it cannot be read. */
export function readJournalFile(path: string, boot: string): ReturnType<typeof readJournal> | undefined {
  const bytes = readOwn(path);
  return bytes && readJournal(bytes, boot);
}

/** The bytes of a file that only its owner, who is root or this user, can have written. */
function readOwn(path: string): Uint8Array | undefined {
  try {
    const { isFile, uid, mode } = Deno.lstatSync(path);
    if (!isFile) throw new Error("it is no file"); // opening a pipe would wait for its other end
    if ((uid !== 0 && uid !== Deno.uid()) || (mode! & 0o022) !== 0) {
      throw new Error("others can write to it");
    }
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(JOURNAL.bytes);
    let length = 0;
    for (let n; (n = file.readSync(bytes.subarray(length))) !== null && length < bytes.length;) length += n;
    return bytes.subarray(0, length);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new Error(`cannot read the journal ${path}: ${osReason(error)}`, { cause: error });
  }
}

/** Where journals may be: in the state folder, and where the runtime folder's or its link says. */
export function journalPaths(stateFolder: string, runtimeFolder = RUNTIME_FOLDER): string[] {
  const runtime = join(runtimeFolder, JOURNAL_NAME);
  let linked = runtime;
  try {
    linked = resolve(runtimeFolder, Deno.readLinkSync(runtime));
  } catch {
    // no link: the journal itself, or nothing
  }
  return [...new Set([resolve(stateFolder, JOURNAL_NAME), linked])];
}

/**
 * Has the runtime folder's link name a journal elsewhere. Disposing removes the link where the journal is gone.
 * @throws Error where a journal that nobody could read is in the link's place: it stays
 */
export function linkJournal(path: string, runtimeFolder = RUNTIME_FOLDER): Disposable {
  const link = join(runtimeFolder, JOURNAL_NAME);
  if (resolve(path) !== resolve(link)) {
    if (exists(link) && !isLink(link)) {
      throw new Error(`${link} is in the way, a journal that cannot be read`);
    }
    remove(link);
    Deno.mkdirSync(runtimeFolder, { recursive: true });
    Deno.symlinkSync(resolve(path), link);
  }
  return { [Symbol.dispose]: () => removeStaleLink(runtimeFolder) };
}

/** Removes the runtime folder's link where it leads nowhere. */
export function removeStaleLink(runtimeFolder = RUNTIME_FOLDER): void {
  const link = join(runtimeFolder, JOURNAL_NAME);
  if (isLink(link) && !exists(link)) remove(link);
}

function isLink(path: string): boolean {
  try {
    return Deno.lstatSync(path).isSymlink;
  } catch {
    return false;
  }
}

/** Whether there is something, where a link leads. */
export function exists(path: string): boolean {
  try {
    return Deno.statSync(path) !== undefined;
  } catch {
    return false;
  }
}

/** Removes a file, where there is one. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
