import assert from "node:assert/strict";
import { join } from "node:path";
import { compileBpfObjects, compilerFlags } from "../../scripts/bpf_objects.ts";

/** Gives `action` a folder with one program and one header, and a function that compiles and says what is new. */
async function withSources(
  action: (sources: string, compile: () => Promise<string[]>) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const sources = join(folder, "bpf");
  const objects = join(folder, "objects");
  const madeFrom = new Map<string, number | null>();
  const compile = async () => {
    await compileBpfObjects(sources, objects);
    const news: string[] = [];
    for (const { name } of Deno.readDirSync(objects)) {
      const { ino } = Deno.statSync(join(objects, name));
      if (name.endsWith(".o") && madeFrom.get(name) !== ino) news.push(name);
      madeFrom.set(name, ino);
    }
    return news.sort();
  };
  try {
    await Deno.mkdir(sources);
    await Deno.writeTextFile(join(sources, "shared.h"), "#define ANSWER 42\n");
    await Deno.writeTextFile(join(sources, "one.bpf.c"), '#include "shared.h"\nint one = ANSWER;\n');
    await action(sources, compile);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("compilerFlags() names the processor as libbpf's tracing headers do", () => {
  assert.ok(compilerFlags("x86_64", "/l").includes("-D__TARGET_ARCH_x86"));
  assert.ok(compilerFlags("aarch64", "/l").includes("-D__TARGET_ARCH_arm64"));
  assert.ok(compilerFlags("aarch64", "/l").join(" ").includes("-I /l/include"));
});

Deno.test("compileBpfObjects() compiles each program once, and again when its source changes", () =>
  withSources(async (sources, compile) => {
    await Deno.writeTextFile(join(sources, "two.bpf.c"), "int two = 2;\n");
    assert.deepEqual(await compile(), ["one.bpf.o", "two.bpf.o"]);
    assert.deepEqual(await compile(), []);
    await Deno.writeTextFile(join(sources, "two.bpf.c"), "int two = 22;\n");
    assert.deepEqual(await compile(), ["two.bpf.o"]);
  }));

Deno.test("compileBpfObjects() compiles anew when a header changes", () =>
  withSources(async (sources, compile) => {
    await compile();
    await Deno.writeTextFile(join(sources, "shared.h"), "#define ANSWER 43\n");
    assert.deepEqual(await compile(), ["one.bpf.o"]);
  }));

Deno.test("compileBpfObjects() removes the object of a program that is gone", () =>
  withSources(async (sources, compile) => {
    await compile();
    await Deno.remove(join(sources, "one.bpf.c"));
    await compile();
    assert.deepEqual([...Deno.readDirSync(join(sources, "../objects"))], []);
  }));

Deno.test("compileBpfObjects() shows all that the compiler says, and compiles the good ones all the same", () =>
  withSources(async (sources, compile) => {
    await Deno.writeTextFile(join(sources, "bad.bpf.c"), "int first = ;\nint second = ;\n");
    await assert.rejects(compile(), (error: Error) => {
      assert.match(error.message, /cannot compile .*bad\.bpf\.c:/);
      assert.match(error.message, /bad\.bpf\.c:1:13: error: [\s\S]*bad\.bpf\.c:2:14: error: /);
      return true;
    });
    assert.ok(Deno.statSync(join(sources, "../objects/one.bpf.o")).isFile);
  }));
