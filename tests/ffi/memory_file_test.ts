import assert from "node:assert/strict";
import { MemoryFile } from "../../ffi/memory_file.ts";

Deno.test("MemoryFile can be executed, and is gone when it is disposed of", async () => {
  const program = await Deno.readFile("/bin/true");
  let path: string;
  {
    using file = new MemoryFile("a program", program);
    path = file.path;
    assert.equal(Deno.readLinkSync(path), "/memfd:a program (deleted)");
    assert.ok((await new Deno.Command(path).output()).success);
  }
  assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound);
});

Deno.test("MemoryFile leaves no descriptor to what is started", async () => {
  using _file = new MemoryFile("kept", new Uint8Array(1));
  const { stdout } = await new Deno.Command("ls", { args: ["-l", "/proc/self/fd"] }).output();
  assert.doesNotMatch(new TextDecoder().decode(stdout), /memfd:kept/);
});

Deno.test("MemoryFile takes no name with a NUL", () => {
  assert.throws(() => new MemoryFile("a\0b", new Uint8Array(1)), /holds a NUL/);
});

Deno.test("MemoryFile can be executed at once while other threads start programs", () => {
  const code = 'for (;;) new Deno.Command("/bin/true").outputSync();';
  const workers = [0, 1, 2].map(() =>
    new Worker(`data:text/javascript,${encodeURIComponent(code)}`, { type: "module" })
  );
  try {
    const program = Deno.readFileSync("/bin/true");
    for (let time = 0; time < 1500; time++) {
      using file = new MemoryFile("a program", program);
      assert.ok(new Deno.Command(file.path).outputSync().success);
    }
  } finally {
    for (const worker of workers) worker.terminate();
  }
});
