import assert from "node:assert/strict";
import { Looks } from "../../../observe/discover/looks.ts";

Deno.test("Looks has few under way at once, and one that takes long does not hold the others up", async () => {
  const stop = new AbortController(), slow = Promise.withResolvers<void>();
  let busy = 0, most = 0;
  const looks = new Looks(stop.signal, async (id) => {
    most = Math.max(most, ++busy);
    await (id === "slow" ? slow.promise : Promise.resolve());
    busy--;
  }, () => {});
  const first = looks.want("slow");
  await Promise.all(Array.from({ length: 20 }, (_, i) => looks.want(`${i}`)));
  assert.ok(most > 1 && most <= 4, `${most} at once`);
  assert.ok(looks.isWanted("slow"));
  slow.resolve();
  await first;
  stop.abort();
});

Deno.test("Looks looks again where that has failed, and where it has changed meanwhile", async () => {
  const stop = new AbortController(), done = Promise.withResolvers<void>(), failures: string[] = [];
  let times = 0;
  const looks: Looks = new Looks(
    stop.signal,
    async () => {
      await Promise.resolve();
      if (++times < 3) throw new Error(`${times}`);
      if (times === 3) looks.want("a");
      if (times === 4) done.resolve();
    },
    (_, error) => failures.push(String(error)),
    1,
  );
  await looks.want("a");
  assert.equal(times, 1);
  await done.promise;
  assert.deepEqual(failures, ["Error: 1", "Error: 2"]);
  stop.abort();
});

Deno.test("Looks forgets what was dropped", async () => {
  const stop = new AbortController(), answer = Promise.withResolvers<void>(), failures: unknown[] = [];
  const looks = new Looks(stop.signal, () => answer.promise, (_, error) => failures.push(error));
  const first = looks.want("a");
  looks.drop("a");
  await first;
  assert.equal(looks.isWanted("a"), false);
  answer.reject(new Error("gone"));
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(failures, []);
  stop.abort();
});
