/** What an ELF file asks of the machine, read from the file itself (the generic ABI, and GNU's versions of symbols). */

const SHT_DYNAMIC = 6, SHT_GNU_VERNEED = 0x6ffffffe;
const DT_NEEDED = 1n;

/** What the dynamic linker has to find. */
export interface ElfNeeds {
  /** Shared objects by name. */
  libraries: string[];
  /** Versions of symbols, such as `GLIBC_2.34`, each once. */
  versions: string[];
}

/** Whether some bytes are an ELF file. */
export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/** Reads a 64-bit little-endian file. One that is linked statically asks for nothing. */
export function elfNeeds(file: Uint8Array): ElfNeeds {
  if (!isElf(file) || file[4] !== 2 || file[5] !== 1) throw new Error("not a 64-bit little-endian ELF file");
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const sectionsAt = Number(view.getBigUint64(0x28, true));
  const sectionBytes = view.getUint16(0x3a, true), count = view.getUint16(0x3c, true);
  const sections = Array.from({ length: count }, (_, i) => {
    const at = sectionsAt + i * sectionBytes;
    return {
      type: view.getUint32(at + 4, true),
      offset: Number(view.getBigUint64(at + 0x18, true)),
      size: Number(view.getBigUint64(at + 0x20, true)),
      link: view.getUint32(at + 0x28, true),
      info: view.getUint32(at + 0x2c, true),
    };
  });
  const text = (link: number, offset: number) => {
    const at = sections[link]!.offset + offset;
    return new TextDecoder().decode(file.subarray(at, file.indexOf(0, at)));
  };
  const libraries: string[] = [], versions = new Set<string>();
  for (const { type, offset, size, link, info } of sections) {
    if (type === SHT_DYNAMIC) {
      for (let at = offset; at < offset + size; at += 16) {
        if (view.getBigUint64(at, true) === DT_NEEDED) {
          libraries.push(text(link, Number(view.getBigUint64(at + 8, true))));
        }
      }
    } else if (type === SHT_GNU_VERNEED) {
      for (let i = 0, at = offset; i < info; i++, at += view.getUint32(at + 12, true)) {
        const entries = view.getUint16(at + 2, true);
        for (let j = 0, aux = at + view.getUint32(at + 8, true); j < entries; j++) {
          versions.add(text(link, view.getUint32(aux + 8, true)));
          aux += view.getUint32(aux + 12, true);
        }
      }
    }
  }
  return { libraries, versions: [...versions].sort() };
}

/** Versions of glibc that are newer than `most`, such as `2.34`. */
export function newerThan(versions: readonly string[], most: string): string[] {
  const number = (version: string) => {
    const [major = 0, minor = 0] = version.split(".").map(Number);
    return major * 1000 + minor;
  };
  return versions.filter((version) => {
    const [, glibc] = /^GLIBC_(\d.*)$/.exec(version) ?? [];
    return glibc !== undefined && number(glibc) > number(most);
  });
}
