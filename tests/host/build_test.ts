import assert from "node:assert/strict";
import { buildHost } from "../../host/build.ts";
import { ForkServer } from "../../host/forkserver.ts";

Deno.test("buildHost() makes an executable that works, and leaves an up-to-date one alone", async () => {
  const folder = await Deno.makeTempDir();
  const binary = `${folder}/host/alps-functions`;
  try {
    await buildHost(`${folder}/host`);
    const first = await Deno.stat(binary);
    {
      await using server = await ForkServer.start(binary);
      assert.equal((await server.run({ function: "f", job: "fib", n: 10 })).result, "55");
      await buildHost(`${folder}/host`);
      assert.equal((await Deno.stat(binary)).ino, first.ino);
      // Made anew where its stamp does not match, even while it runs.
      await Deno.writeTextFile(`${folder}/host/alps-functions.stamp`, "other sources\n");
      await buildHost(`${folder}/host`);
      assert.notEqual((await Deno.stat(binary)).ino, first.ino);
      assert.equal((await server.run({ function: "f", job: "fib", n: 11 })).result, "89");
    }
    assert.deepEqual([...Deno.readDirSync(`${folder}/host`)].map((entry) => entry.name).sort(), [
      "alps-functions",
      "alps-functions.stamp",
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
