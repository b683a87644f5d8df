import assert from "node:assert/strict";
import { join } from "node:path";
import { NATIVE_DIR } from "../../../scripts/libelf.ts";
import { elfNeeds } from "../../elf.ts";
import { finish } from "../../portable.ts";

/** Calls what the headers of glibc 2.38 make of strtol() and its like. */
const CALLER = `
long __isoc23_strtol(const char *, char **, int);
unsigned long long __isoc23_strtoull(const char *, char **, int);
int __isoc23_sscanf(const char *, const char *, ...);

int answer(void)
{
	int three = 0;

	if (__isoc23_sscanf("3", "%d", &three) != 1)
		return -1;
	return (int)__isoc23_strtoull("0x20", 0, 0) + (int)__isoc23_strtol("7", 0, 10) + three;
}
`;

Deno.test("what newer headers make of strtol() and sscanf() is in the shared object itself, and works", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const library = join(folder, "caller.so");
    await Deno.writeTextFile(join(folder, "caller.c"), CALLER);
    const { code, stderr } = await finish([
      ...["cc", "-std=c11", "-shared", "-fPIC", "-Wl,-z,defs", "-o", library],
      ...[join(folder, "caller.c"), join(NATIVE_DIR, "older_glibc.c")],
    ]);
    assert.equal(code, 0, stderr);
    const { versions } = elfNeeds(await Deno.readFile(library));
    assert.ok(versions.length > 0);
    assert.deepEqual(versions.filter((version) => version === "GLIBC_2.38"), []);
    const caller = Deno.dlopen(library, { answer: { parameters: [], result: "i32" } });
    assert.equal(caller.symbols.answer(), 32 + 7 + 3);
    caller.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
