import assert from "node:assert/strict";
import { join } from "node:path";
import { withBuildLock } from "../../scripts/lock.ts";

Deno.test("withBuildLock() lets two builds run one after the other", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const events: string[] = [];
    const build = (name: string) =>
      withBuildLock(
        async () => {
          events.push(`${name} starts`);
          await new Promise((resolve) => setTimeout(resolve, 20));
          events.push(`${name} ends`);
        },
        join(folder, "build"),
        join(folder, "build/tmp"),
      );
    await Promise.all([build("a"), build("b")]);
    const [first, second] = events[0] === "a starts" ? ["a", "b"] : ["b", "a"];
    assert.deepEqual(events, [`${first} starts`, `${first} ends`, `${second} starts`, `${second} ends`]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("withBuildLock() removes what an interrupted build left, and what a failed one leaves", async () => {
  const folder = await Deno.makeTempDir();
  const temporary = join(folder, "tmp");
  const leave = () => Deno.mkdir(join(temporary, "half/done"), { recursive: true });
  const isThere = async () =>
    (await Array.fromAsync(Deno.readDir(folder))).some((entry) => entry.name === "tmp");
  try {
    await leave();
    const during = await withBuildLock(isThere, folder, temporary);
    assert.equal(during, false);
    const failing = withBuildLock(
      () => leave().then(() => Promise.reject(new Error("no"))),
      folder,
      temporary,
    );
    await assert.rejects(failing, /^Error: no$/);
    assert.equal(await isThere(), false);
    assert.equal(
      await withBuildLock(() => Promise.resolve(7), folder, temporary),
      7,
      "the lock is free again",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
