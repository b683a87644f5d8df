/**
 * Writes `ffi/layout.ts` from the BTF of the compiled eBPF objects, so that `bpf/alps.h` stays the only source of the
 * binary layout. `--check` compares instead, and fails where the file is not up to date.
 */

import { readAsset } from "../ffi/assets.ts";
import { Libbpf } from "../ffi/libbpf.ts";
import type { Btf } from "../ffi/btf.ts";

const STRUCTS = [
  "alps_slot",
  "alps_event",
  "alps_key",
  "alps_mode",
  "alps_verdict",
  "alps_classify",
  "alps_adopt",
  "alps_function_stats",
  "alps_shared",
  "alps_member",
  "alps_group",
  "alps_rank",
  "alps_rank_segment",
  "alps_tell",
  "alps_idle",
];
/** Of the scheduler's object. */
const SCX_STRUCTS = ["alps_scx"];
const ENUMS = [
  "alps_limits",
  "alps_slot_state",
  "alps_flags",
  "alps_event_kind",
  "alps_key_parts",
  "alps_verdict_flags",
  "alps_group_kind",
  "alps_rank_limits",
  "alps_rank_flags",
  "alps_scx_limits",
];

/** The text of `ffi/layout.ts` for the types of observe.bpf.o and of scx.bpf.o. */
export function layoutSource(btf: Btf, scx: Btf): string {
  const constant = (name: string, entries: [string, number][]) =>
    `export const ${name.toUpperCase()} = {\n${
      entries.map(([k, v]) => `  ${k}: ${v},\n`).join("")
    }} as const;\n`;
  const from = (types: Btf) => (name: string) => {
    const { size, fields } = types.struct(name);
    return constant(name, [
      ["size", size],
      ...Object.entries(fields).map(([k, f]) => [k, f.offset] as [string, number]),
    ]);
  };
  const structs = [...STRUCTS.map(from(btf)), ...SCX_STRUCTS.map(from(scx))];
  const enums = ENUMS.map((name) => constant(name, Object.entries(btf.enum(name))));
  return [
    "// Written by scripts/layout.ts from the BTF of observe.bpf.o and scx.bpf.o, whose source is bpf/alps.h. Do not edit.\n" +
    "// Structs: size and offset of each field, in bytes. Enums: their values.\n",
    ...structs,
    ...enums,
  ].join("\n");
}

/** The same for the objects that have been built. */
export function builtLayoutSource(): string {
  using library = new Libbpf();
  using object = library.open(readAsset("bpf/observe.bpf.o"), "observe");
  using scx = library.open(readAsset("bpf/scx.bpf.o"), "scx");
  return layoutSource(object.btf, scx.btf);
}

if (import.meta.main) {
  const file = new URL("../ffi/layout.ts", import.meta.url);
  const source = builtLayoutSource();
  if (Deno.args.includes("--check")) {
    if (Deno.readTextFileSync(file) !== source) {
      console.error("ffi/layout.ts does not match bpf/alps.h: run `deno run -A scripts/layout.ts`");
      Deno.exit(1);
    }
  } else {
    Deno.writeTextFileSync(file, source);
  }
}
