/** The file that keeps what is known of functions when the agent ends: an SQLite database. */

import { Buffer } from "node:buffer";
import { dirname } from "node:path";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { osReason } from "../../ffi/errors.ts";
import type { FunctionSamples } from "../learner.ts";

/** Its name in the state folder. */
export const FUNCTION_FILE_NAME = "learned.sqlite";

/** Functions that the file holds at most; those that were not seen for longest leave it first. */
export const MOST_STORED = 20_000;

/** A function that was not seen for so long leaves the file: 7 days, as in the learner. See {@link FunctionFile.write}. */
export const DROP_AFTER_MS = 7 * 86_400_000;

/** Most bytes of the file: twice what {@link MOST_STORED} functions of the longest names take. */
const MOST_BYTES = 192 * 2 ** 20;
const PAGE_BYTES = 4096;

/** How long another program may hold the file before that is an error, in milliseconds. */
const BUSY_MS = 500;

/** Says in the file's header whose it is: "ALPS". */
const APPLICATION_ID = 0x414c5053;

/**
 * What makes the file of each version from the one before; the file's `user_version` is how many of these it has seen.
 * Names are bytes, because a text would end at its first NUL. Samples are 32-bit floating-point numbers, least
 * significant byte first, oldest sample first: half the bytes, and no clock of CPU time is as exact as they are.
 */
const SCHEMA = [
  [
    `CREATE TABLE functions (
       name BLOB NOT NULL UNIQUE,
       last_seen_ms INTEGER NOT NULL,
       cpu_ns BLOB NOT NULL,
       slices_ns BLOB NOT NULL,
       distribution BLOB NOT NULL
     ) STRICT`,
    "CREATE INDEX functions_by_last_seen ON functions (last_seen_ms)",
    "CREATE TABLE clock (running_ms INTEGER NOT NULL) STRICT",
    "INSERT INTO clock VALUES (0)",
  ],
];

/** The version of the file that this program writes. */
export const SCHEMA_VERSION = SCHEMA.length;

/** The file is of no use as it is: damaged or not ours, or of a newer agent. It can be set aside. */
export class UnusableFileError extends Error {
  constructor(readonly kind: "unusable" | "newer", message: string) {
    super(message);
    this.name = "UnusableFileError";
  }
}

/** One function's row. */
export interface StoredFunction {
  readonly name: string;
  readonly samples: FunctionSamples;
}

/** The file, open and locked: one agent at a time. */
export class FunctionFile implements Disposable {
  readonly #db: DatabaseSync;
  readonly #upsert: StatementSync;
  readonly #remove: StatementSync;

  private constructor(db: DatabaseSync, readonly path: string) {
    this.#db = db;
    this.#upsert = db.prepare(
      `INSERT INTO functions (name, last_seen_ms, cpu_ns, slices_ns, distribution)
       VALUES (?, (SELECT running_ms FROM clock), ?, ?, ?)
       ON CONFLICT (name) DO UPDATE SET
         last_seen_ms = excluded.last_seen_ms, cpu_ns = excluded.cpu_ns, slices_ns = excluded.slices_ns,
         distribution = excluded.distribution`,
    );
    this.#remove = db.prepare("DELETE FROM functions WHERE name = ?");
  }

  /**
   * Opens the file, making it and its folder where they are missing.
   * @throws UnusableFileError where it can be set aside; another Error of one line where the place is to blame: no
   * room, read-only, another agent
   */
  static open(path: string): FunctionFile {
    let db: DatabaseSync | undefined;
    try {
      Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
      makeOwnFile(path);
      requireOwnFile(`${path}-wal`);
      db = new DatabaseSync(path, { timeout: BUSY_MS });
      // Alone, so that nothing is shared through a file in memory; before anything else, as it holds from the first access.
      execute(
        db,
        "PRAGMA locking_mode = EXCLUSIVE",
        "PRAGMA trusted_schema = OFF",
        "PRAGMA cell_size_check = ON",
      );
      const version = versionOf(db);
      // What a killed agent had committed is in the log; without a sync at each commit, which only a power cut needs.
      execute(
        db,
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = NORMAL",
        "PRAGMA journal_size_limit = 4194304",
        `PRAGMA max_page_count = ${MOST_BYTES / PAGE_BYTES}`,
      );
      inTransaction(db, (db) => {
        execute(
          db,
          ...SCHEMA.slice(version).flat(),
          `PRAGMA application_id = ${APPLICATION_ID}`,
          `PRAGMA user_version = ${SCHEMA_VERSION}`,
          // Something is written in any case: whether that can be done is known now, and the lock is taken.
          "UPDATE clock SET running_ms = running_ms",
        );
      });
      requireWhole(db);
      return new FunctionFile(db, path);
    } catch (error) {
      db?.close();
      throw asOpenError(error, path);
    }
  }

  /** What a file holds that cannot be written to; nothing where it cannot be read either. */
  static readOnly(path: string): Map<string, FunctionSamples> {
    const url = pathToFileURL(path);
    // Without locks and log, which would have to be written.
    url.searchParams.set("immutable", "1");
    let db: DatabaseSync | undefined;
    try {
      requireOwnFile(path);
      db = new DatabaseSync(url, { readOnly: true });
      if (versionOf(db) !== SCHEMA_VERSION) return new Map();
      requireWhole(db);
      return readFunctions(db);
    } catch {
      return new Map();
    } finally {
      db?.close();
    }
  }

  /** All functions. */
  read(): Map<string, FunctionSamples> {
    try {
      return readFunctions(this.#db);
    } catch (error) {
      throw asOpenError(error, this.path);
    }
  }

  /**
   * Writes functions that were just seen, and takes others out, all or nothing. Then drops those that were not seen for
   * {@link DROP_AFTER_MS}, and the oldest where there are more than {@link MOST_STORED}.
   *
   * @param elapsedMs since the last write or the opening. Ages are counted in time that an agent has run: the wall clock
   *   may jump, and the machine may be off for a month.
   */
  write(seen: Iterable<StoredFunction>, gone: Iterable<string>, elapsedMs: number): void {
    inTransaction(this.#db, (db) => {
      db.prepare("UPDATE clock SET running_ms = running_ms + ?").run(Math.max(0, Math.round(elapsedMs)));
      for (const name of gone) this.#remove.run(Buffer.from(name));
      db.prepare("DELETE FROM functions WHERE last_seen_ms < (SELECT running_ms FROM clock) - ?")
        .run(DROP_AFTER_MS);
      for (const { name, samples } of seen) {
        // Two names that differ only in what is no character would become one.
        if (!name.isWellFormed()) continue;
        const { cpuNs, slicesNs, distribution } = samples;
        this.#upsert.run(Buffer.from(name), pack(cpuNs), pack(slicesNs), pack(distribution ?? []));
      }
      db.prepare(
        `DELETE FROM functions WHERE rowid IN (
           SELECT rowid FROM functions ORDER BY last_seen_ms
           LIMIT max(0, (SELECT count(*) FROM functions) - ?))`,
      ).run(MOST_STORED);
    });
  }

  /** Leaves one file behind, without a log beside it. */
  [Symbol.dispose](): void {
    this.#db.close();
  }
}

/**
 * Renames a file that is of no use, and its log, so that a new one can take its place.
 * @returns the new path
 */
export function setAside(path: string, kind: UnusableFileError["kind"]): string {
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  let aside = `${path}.${kind}-${stamp}`;
  while (isThere(aside)) aside += "+";
  // The logs first: one that stayed behind alone would be taken for the new file's.
  for (const log of ["-wal", "-shm", "-journal"]) {
    if (isThere(path + log)) Deno.renameSync(path + log, aside + log);
  }
  if (isThere(path)) Deno.renameSync(path, aside);
  return aside;
}

/**
 * Runs statements, one by one: what fails in `exec()`, which would take them together, has no result code.
 */
function execute(db: DatabaseSync, ...statements: string[]): void {
  for (const statement of statements) db.prepare(statement).all();
}

function inTransaction(db: DatabaseSync, work: (db: DatabaseSync) => void): void {
  execute(db, "BEGIN IMMEDIATE");
  try {
    work(db);
    execute(db, "COMMIT");
  } catch (error) {
    try {
      execute(db, "ROLLBACK");
    } catch {
      // SQLite has done so itself, as where the disk is full
    }
    throw error;
  }
}

/** 0 for a file that nobody has written to yet. */
function versionOf(db: DatabaseSync): number {
  const version = numberOf(db, "PRAGMA user_version"), id = numberOf(db, "PRAGMA application_id");
  if (id !== APPLICATION_ID && (id !== 0 || version !== 0 || numberOf(db, "PRAGMA schema_version") !== 0)) {
    throw new UnusableFileError("unusable", "this program has not made it, or it is damaged");
  }
  if (version > SCHEMA_VERSION) {
    throw new UnusableFileError(
      "newer",
      `a newer agent has made it (version ${version}, this one writes ${SCHEMA_VERSION})`,
    );
  }
  if (version < 0 || (version === 0) !== (id === 0)) {
    throw new UnusableFileError("unusable", `its version is ${version}`);
  }
  return version;
}

function requireWhole(db: DatabaseSync): void {
  const { quick_check } = db.prepare("PRAGMA quick_check(1)").get() as { quick_check: unknown };
  if (quick_check === "ok") return;
  const [what, where] = String(quick_check).split("\n");
  throw new UnusableFileError("unusable", `it is damaged: ${where ?? what}`);
}

function readFunctions(db: DatabaseSync): Map<string, FunctionSamples> {
  const functions = new Map<string, FunctionSamples>();
  for (const row of db.prepare("SELECT name, cpu_ns, slices_ns, distribution FROM functions").iterate()) {
    const { name, cpu_ns, slices_ns, distribution } = row as Record<string, Uint8Array>;
    functions.set(Buffer.from(name!).toString(), {
      cpuNs: unpack(cpu_ns!),
      slicesNs: unpack(slices_ns!),
      distribution: unpack(distribution!),
    });
  }
  return functions;
}

function numberOf(db: DatabaseSync, pragma: string): number {
  return Number(Object.values(db.prepare(pragma).get() ?? {})[0]);
}

function pack(numbers: ArrayLike<number>): Uint8Array {
  return new Uint8Array(Float32Array.from(numbers).buffer);
}

/** What can be no measurement is left out. */
function unpack(bytes: Uint8Array): Float32Array {
  // A copy, because the bytes may begin at any address.
  const numbers = new Float32Array(bytes.slice(0, bytes.length - bytes.length % 4).buffer);
  return numbers.filter((each) => each >= 0 && each < Infinity);
}

/** Makes an empty file that only its owner can use, where there is none. */
function makeOwnFile(path: string): void {
  if (!isThere(path)) Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
  requireOwnFile(path);
}

/** Refuses what others could have put there or could write to: a link, a pipe, a file made to measure. */
function requireOwnFile(path: string): void {
  if (!isThere(path)) return;
  const { isFile, uid, mode } = Deno.lstatSync(path);
  if (!isFile) throw new UnusableFileError("unusable", "it is no file");
  if ((uid !== 0 && uid !== Deno.uid()) || (mode! & 0o022) !== 0) {
    throw new UnusableFileError("unusable", "others can write to it");
  }
}

/** Whether something is at a path, be it a link to nowhere. */
function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Result codes of SQLite that speak of the place, not of the file: https://sqlite.org/rescode.html */
const PLACE_CODES: ReadonlySet<number> = new Set([3, 4, 6, 7, 9, 10, 13, 14, 15, 22, 23]);
const SQLITE_BUSY = 5, SQLITE_READONLY = 8;

/** Sorts what went wrong: the file itself, or where it is. */
function asOpenError(error: unknown, path: string): Error {
  if (error instanceof UnusableFileError) return error;
  const { errcode } = error as { errcode?: number };
  // Without a code it comes from the system, or from opening, which reads nothing yet.
  if (errcode === undefined) return new Error(osReason(error), { cause: error });
  const code = errcode & 0xff;
  if (code === SQLITE_BUSY) return new Error("another agent uses it", { cause: error });
  // SQLite does not write to a file whose header speaks of a format that it does not know.
  const place = code === SQLITE_READONLY ? !canWrite(path) : PLACE_CODES.has(code);
  return place
    ? new Error(osReason(error), { cause: error })
    : new UnusableFileError("unusable", `it is damaged: ${osReason(error)}`);
}

function canWrite(path: string): boolean {
  try {
    Deno.openSync(path, { write: true }).close();
    return true;
  } catch {
    return false;
  }
}
