/** eBPF programs of tests. */

import assert from "node:assert/strict";
import { compilerFlags } from "../../scripts/bpf_objects.ts";
import { LIBBPF_DIR, ROOT } from "../../scripts/paths.ts";

const HEADER = `#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
char LICENSE[] SEC("license") = "GPL";
`;

/** Compiles one, with the kernel's types and libbpf's macros at hand. */
export async function compileBpf(body: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = await Deno.makeTempDir({ prefix: "alps-bpf-" });
  try {
    await Deno.writeTextFile(`${folder}/test.bpf.c`, HEADER + body);
    const { success, stderr } = await new Deno.Command("clang", {
      args: [
        ...compilerFlags(Deno.build.arch, LIBBPF_DIR),
        ...["-I", `${ROOT}/bpf`, "-c", `${folder}/test.bpf.c`, "-o", `${folder}/test.bpf.o`],
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return await Deno.readFile(`${folder}/test.bpf.o`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
