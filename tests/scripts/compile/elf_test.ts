import assert from "node:assert/strict";
import { join } from "node:path";
import { compileLauncher } from "../../../scripts/compile/launcher.ts";
import { elfNeeds, isElf, newerThan } from "../../elf.ts";
import { withStage } from "../../portable.ts";

/** The oldest glibc that the one file runs with. */
const GLIBC = "2.34";

/** What comes with glibc. Deno is not linked statically, and Debian's libc6 brings libgcc_s along. */
const WITH_GLIBC = /^(lib(c|m|dl|rt|pthread|gcc_s)\.so\.\d|ld-linux.*)$/;

Deno.test("newerThan() compares versions by their numbers", () => {
  const versions = ["GLIBC_2.9", "GLIBC_2.34", "GLIBC_2.35", "GLIBC_2.100", "GLIBC_3.1", "GCC_9.0"];
  assert.deepEqual(newerThan(versions, GLIBC), ["GLIBC_2.35", "GLIBC_2.100", "GLIBC_3.1"]);
});

Deno.test("elfNeeds() reads what a program asks for", async () => {
  const { libraries, versions } = elfNeeds(await Deno.readFile(Deno.execPath()));
  assert.ok(libraries.includes("libc.so.6"), libraries.join());
  assert.ok(versions.includes("GLIBC_2.17") || versions.includes("GLIBC_2.2.5"), versions.join());
});

Deno.test("every ELF file in the one file asks for glibc 2.34 at most, and for nothing but glibc", () =>
  withStage(async (folder, names) => {
    await compileLauncher(join(folder, "launcher"));
    const found: string[] = [];
    for (const path of [Deno.execPath(), ...["launcher", ...names].map((name) => join(folder, name))]) {
      const file = await Deno.readFile(path);
      if (!isElf(file)) continue;
      const { libraries, versions } = elfNeeds(file);
      assert.deepEqual(newerThan(versions, GLIBC), [], path);
      assert.deepEqual(libraries.filter((name) => !WITH_GLIBC.test(name)), [], path);
      found.push(path.slice(path.lastIndexOf("/") + 1));
    }
    for (const name of ["launcher", "libbpf.so.1", "alps-functions", "alps-send"]) {
      assert.ok(found.includes(name), name);
    }
    // libelf and zlib are in libbpf's shared object.
    const { libraries } = elfNeeds(await Deno.readFile(join(folder, "libbpf.so.1")));
    assert.deepEqual(libraries.filter((name) => !/^(libc\.so\.6|ld-linux.*)$/.test(name)), []);
  }));
