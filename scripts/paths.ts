import { dirname, join } from "node:path";

/** The checkout's top folder, wherever a script is started from. */
export const ROOT: string = dirname(import.meta.dirname ?? Deno.cwd());

/** Everything that set-up and build produce; deleting it starts from nothing. */
export const BUILD_DIR: string = join(ROOT, "build");

/** libbpf: `lib/libbpf.so.1` and the headers in `include/`. */
export const LIBBPF_DIR: string = join(BUILD_DIR, "libbpf");

/** Compiled eBPF programs, `NAME.bpf.o`. */
export const BPF_OBJECT_DIR: string = join(BUILD_DIR, "bpf");

/** Work in progress; emptied whenever a set-up starts, so that an interrupted one leaves nothing behind. */
export const TEMPORARY_DIR: string = join(BUILD_DIR, "tmp");
