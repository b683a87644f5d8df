/** Asking the kernel whether it takes the programs of the backend cfs: they are loaded, never attached, and closed again. */

import { readAsset } from "../ffi/assets.ts";
import { NotSupportedError } from "../ffi/errors.ts";
import { Libbpf } from "../ffi/libbpf.ts";
import { requirePatchedCfs } from "./cfs_support.ts";

/** Why the kernel refuses the programs, on one line; undefined where it takes them. */
export function hooksProblem(library: Libbpf): string | undefined {
  try {
    using object = library.open(readAsset("bpf/cfs.bpf.o"), "cfs");
    object.load();
    return undefined;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return message.split("\n").map((line) => line.trim()).join("; ");
  }
}

/** Throws {@link NotSupportedError}, naming what is missing, where functions cannot be ordered inside CFS. */
export function requireHooks(): void {
  requirePatchedCfs();
  using library = new Libbpf();
  const problem = hooksProblem(library);
  if (problem === undefined) return;
  throw new NotSupportedError(
    `cannot order functions inside CFS: the kernel refuses the programs: ${problem}`,
    "use --backend stock",
  );
}
