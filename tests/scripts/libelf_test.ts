import assert from "node:assert/strict";
import { libelfSources } from "../../scripts/libelf.ts";

Deno.test("libelfSources() reads the list of elfutils' own makefile", () => {
  const makefile = "include x\nlibelf_a_SOURCES = elf_version.c elf_hash.c \\\n\t\t   gelf_xlate.c \\\n" +
    "\t\t   elf_end.c\n\nother_SOURCES = other.c\n";
  assert.deepEqual(libelfSources(makefile), ["elf_version.c", "elf_hash.c", "gelf_xlate.c", "elf_end.c"]);
  assert.deepEqual(libelfSources("nothing"), []);
});
