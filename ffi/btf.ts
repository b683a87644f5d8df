/**
 * Reads layouts of C types out of BTF, the type information of a compiled eBPF object
 * (Documentation/bpf/btf.rst in the kernel source).
 */

/** A field's place in its struct, in bytes. */
export interface Field {
  offset: number;
  size: number;
}

/** A struct's layout. */
export interface StructLayout {
  size: number;
  fields: Record<string, Field>;
}

const KIND = {
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
};
const KIND_MORE = {
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
};
const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
/** Typedefs, arrays and qualifiers around a type; the compiler makes no more than a few. */
const MAX_DEPTH = 32;

interface BtfType {
  name: string;
  kind: number;
  vlen: number;
  sizeOrType: number;
  /** Byte offset of what follows the common part. */
  data: number;
}

/** The types of one object. */
export class Btf {
  readonly #view: DataView;
  readonly #types: (BtfType | undefined)[] = [undefined];
  readonly #strings: Uint8Array;

  /** @param raw the section `.BTF` (libbpf: `btf__raw_data`). Throws on anything else. */
  constructor(raw: Uint8Array) {
    this.#view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
    if (raw.byteLength < HEADER_BYTES) throw new Error("cannot read BTF: it is shorter than its header");
    if (this.#view.getUint16(0, true) !== MAGIC) throw new Error("cannot read BTF: wrong magic number");
    const header = this.#view.getUint32(4, true);
    const typesAt = header + this.#view.getUint32(8, true);
    const typesEnd = typesAt + this.#view.getUint32(12, true);
    const stringsAt = header + this.#view.getUint32(16, true);
    const stringsEnd = stringsAt + this.#view.getUint32(20, true);
    if (Math.max(typesEnd, stringsEnd) > raw.byteLength) throw new Error("cannot read BTF: it is cut short");
    this.#strings = raw.subarray(stringsAt, stringsEnd);
    for (let at = typesAt; at < typesEnd;) {
      if (at + 12 > typesEnd) throw new Error("cannot read BTF: its last type is cut short");
      const info = this.#view.getUint32(at + 4, true);
      const type: BtfType = {
        name: this.#string(this.#view.getUint32(at, true)),
        kind: (info >>> 24) & 31,
        vlen: info & 0xffff,
        sizeOrType: this.#view.getUint32(at + 8, true),
        data: at + 12,
      };
      this.#types.push(type);
      at += 12 + extraBytes(type);
      if (at > typesEnd) throw new Error("cannot read BTF: its last type is cut short");
    }
  }

  /** Layout of a struct. Throws where there is none of that name. */
  struct(name: string): StructLayout {
    const type = this.#types.find((t) => t?.kind === KIND.STRUCT && t.name === name);
    if (!type) throw new Error(`cannot find struct ${name} in the object's BTF`);
    const fields: Record<string, Field> = {};
    for (let i = 0; i < type.vlen; i++) {
      const at = type.data + 12 * i;
      const field = this.#string(this.#view.getUint32(at, true));
      const bits = this.#view.getUint32(at + 8, true) & 0xffffff;
      fields[field] = { offset: bits / 8, size: this.#sizeOf(this.#view.getUint32(at + 4, true)) };
    }
    return { size: type.sizeOrType, fields };
  }

  /** Names and values of an enum. */
  enum(name: string): Record<string, number> {
    const type = this.#types.find((t) => t?.kind === KIND.ENUM && t.name === name);
    if (!type) throw new Error(`cannot find enum ${name} in the object's BTF`);
    return Object.fromEntries(Array.from({ length: type.vlen }, (_, i) => {
      const at = type.data + 8 * i;
      return [this.#string(this.#view.getUint32(at, true)), this.#view.getInt32(at + 4, true)];
    }));
  }

  /** The variables of a data section such as `.rodata`, by name. */
  section(name: string): Record<string, Field> {
    const type = this.#types.find((t) => t?.kind === KIND_MORE.DATASEC && t.name === name);
    if (!type) throw new Error(`cannot find section ${name} in the object's BTF`);
    return Object.fromEntries(Array.from({ length: type.vlen }, (_, i) => {
      const at = type.data + 12 * i;
      const id = this.#view.getUint32(at, true), variable = this.#types[id];
      if (!variable) throw new Error(`cannot read BTF: section ${name} names type ${id}, which there is not`);
      return [variable.name, {
        offset: this.#view.getUint32(at + 4, true),
        size: this.#view.getUint32(at + 8, true),
      }];
    }));
  }

  #sizeOf(id: number, depth = 0): number {
    const type = this.#types[id];
    if (!type || depth > MAX_DEPTH) throw new Error(`cannot tell the size of BTF type ${id}`);
    switch (type.kind) {
      case KIND.INT:
      case KIND.STRUCT:
      case KIND.UNION:
      case KIND.ENUM:
      case KIND_MORE.ENUM64:
        return type.sizeOrType;
      case KIND.PTR:
        return 8;
      case KIND.ARRAY:
        return this.#sizeOf(this.#view.getUint32(type.data, true), depth + 1) *
          this.#view.getUint32(type.data + 8, true);
      default: // typedef, const, volatile
        return this.#sizeOf(type.sizeOrType, depth + 1);
    }
  }

  #string(at: number): string {
    const end = this.#strings.indexOf(0, at);
    return new TextDecoder().decode(this.#strings.subarray(at, end < 0 ? undefined : end));
  }
}

/** Bytes after the common 12 of a type. */
function extraBytes(type: BtfType): number {
  switch (type.kind) {
    case KIND.INT:
    case KIND_MORE.VAR:
    case KIND_MORE.DECL_TAG:
      return 4;
    case KIND.ARRAY:
      return 12;
    case KIND.STRUCT:
    case KIND.UNION:
    case KIND_MORE.DATASEC:
    case KIND_MORE.ENUM64:
      return 12 * type.vlen;
    case KIND.ENUM:
    case KIND_MORE.FUNC_PROTO:
      return 8 * type.vlen;
    case 0:
      throw new Error("cannot read BTF: a type has no kind");
    default:
      return 0;
  }
}
