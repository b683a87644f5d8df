/** The portable file: launcher, Deno and the program, packed one after the other. `launcher.c` reads what is written here. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { constants, zstdCompressSync } from "node:zlib";
import { isFresh, sha256, writeStamp } from "../stamp.ts";

const MAGIC = "ALPS-ONE";
const NAME_BYTES = 56, HEADER_BYTES = 64, TRAILER_BYTES = 56;

/** Deno takes seconds at this level and would take a minute for 2 % less. */
const DENO_LEVEL = 9, PARTS_LEVEL = 19;

/** One part of the file. */
export interface Part {
  name: string;
  contents: Uint8Array;
}

/** Parts as the launcher unpacks them: a header, then the bytes. */
export function packParts(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const packed = new Uint8Array(parts.reduce((sum, { contents }) => sum + HEADER_BYTES + contents.length, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const { name, contents } of parts) {
    const bytes = new TextEncoder().encode(name);
    if (bytes.length >= NAME_BYTES || /[=,]/.test(name)) throw new Error(`cannot name a part "${name}"`);
    packed.set(bytes, at);
    view.setBigUint64(at + NAME_BYTES, BigInt(contents.length), true);
    packed.set(contents, at + HEADER_BYTES);
    at += HEADER_BYTES + contents.length;
  }
  return packed;
}

/** The whole file: launcher, packed parts, trailer. The launcher refuses one in which a byte is not as it was written. */
export function portableFile(
  launcher: Uint8Array,
  payload: readonly Uint8Array[],
): Uint8Array<ArrayBuffer> {
  const payloadBytes = payload.reduce((sum, { length }) => sum + length, 0);
  const file = new Uint8Array(launcher.length + payloadBytes + TRAILER_BYTES);
  let at = 0;
  for (const piece of [launcher, ...payload]) {
    file.set(piece, at);
    at += piece.length;
  }
  const trailer = new DataView(file.buffer, at);
  file.set(new TextEncoder().encode(MAGIC), at);
  trailer.setBigUint64(8, BigInt(launcher.length), true);
  trailer.setBigUint64(16, BigInt(payloadBytes), true);
  file.set(createHash("sha256").update(file.subarray(0, at + 24)).digest(), at + 24);
  return file;
}

/** Deno's executable, packed; kept in `cacheDir`, because it changes rarely. */
export async function packedDeno(executable: string, cacheDir: string): Promise<Uint8Array> {
  const contents = await Deno.readFile(executable);
  const file = join(cacheDir, "deno.zst"), stamp = join(cacheDir, "deno.zst.stamp");
  const key = `${sha256(contents)} ${DENO_LEVEL}`;
  if (!isFresh(stamp, key, [file])) {
    await Deno.writeFile(file, compress([{ name: "deno", contents }], DENO_LEVEL));
    await writeStamp(stamp, key);
  }
  return await Deno.readFile(file);
}

/** The program's files, packed. */
export async function packedFiles(folder: string, names: readonly string[]): Promise<Uint8Array> {
  const parts = await Promise.all(
    names.map(async (name) => ({ name, contents: await Deno.readFile(join(folder, name)) })),
  );
  return compress(parts, PARTS_LEVEL);
}

function compress(parts: readonly Part[], level: number): Uint8Array {
  return zstdCompressSync(packParts(parts), { params: { [constants.ZSTD_c_compressionLevel]: level } });
}
