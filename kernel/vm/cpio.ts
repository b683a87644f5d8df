// SPDX-License-Identifier: GPL-2.0-only
/**
 * Archives in the kernel's format for an initial file system: "newc" of cpio
 * (Documentation/driver-api/early-userspace/buffer-format.rst in the kernel source).
 */

/** One file of an archive. Folders come before what is in them. */
export type CpioEntry =
  | { path: string; kind: "folder" }
  | { path: string; kind: "file"; content: Uint8Array | string; executable?: boolean };

const S_IFDIR = 0o040000, S_IFREG = 0o100000;
const encoder = new TextEncoder();

/** The archive of some files, all root's. Paths are relative to the archive's top: `bin/sh`. */
export function cpioArchive(entries: readonly CpioEntry[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  let inode = 0;
  const add = (path: string, mode: number, content: Uint8Array) => {
    const name = encoder.encode(path + "\0");
    // inode, mode, user, group, links, time, size, device and represented device (major, minor), name, checksum
    const fields = [++inode, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length, 0];
    const header = encoder.encode("070701" + fields.map((n) => n.toString(16).padStart(8, "0")).join(""));
    parts.push(header, name, padding(header.length + name.length), content, padding(content.length));
  };
  for (const entry of entries) {
    if (entry.kind === "folder") {
      add(entry.path, S_IFDIR | 0o755, new Uint8Array(0));
      continue;
    }
    const { content, executable } = entry;
    const bytes = typeof content === "string" ? encoder.encode(content) : content;
    add(entry.path, S_IFREG | (executable ? 0o755 : 0o644), bytes);
  }
  add("TRAILER!!!", 0, new Uint8Array(0));
  const archive = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    archive.set(part, at);
    at += part.length;
  }
  return archive;
}

/** Zeros that fill up to a multiple of four. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - length % 4) % 4);
}
