/** When what has ended is tried again, on a clock of the test's own. */

import assert from "node:assert/strict";
import { Retry } from "../../../observe/discover/retry.ts";

/** Lets `act` run `times` times. Returns the pauses between. */
async function pauses(
  times: number,
  random: number,
  act: (retry: Retry, advance: (ms: number) => void) => void,
) {
  const stop = new AbortController(), waited: number[] = [], done = Promise.withResolvers<void>();
  let nowMs = 0;
  const retry = new Retry(stop.signal, () => {
    act(retry, (ms) => nowMs += ms);
    return Promise.resolve();
  }, {
    now: () => nowMs,
    random: () => random,
    pause: (ms) => {
      if (waited.push(ms) === times) {
        stop.abort();
        done.resolve();
      }
      return Promise.resolve();
    },
  });
  retry.start();
  await done.promise;
  return waited;
}

Deno.test("Retry waits longer each time where what works ends at once", async () => {
  // The list is answered, and the watch is refused.
  const waited = await pauses(8, 1, (retry) => retry.worked());
  assert.deepEqual(waited, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]);
});

Deno.test("Retry is soon back where what works has held", async () => {
  let runs = 0;
  const waited = await pauses(4, 1, (retry, advance) => {
    if (++runs < 3) return;
    retry.worked();
    advance(runs === 3 ? 60_000 : 100);
  });
  assert.deepEqual(waited, [200, 400, 200, 400]);
});

Deno.test("Retry does not let all come back at once", async () => {
  assert.deepEqual(await pauses(2, 0, () => {}), [100, 200]);
});
