import assert from "node:assert/strict";
import { fakeApi, problemOf } from "./fake_view.ts";

Deno.test("GET /whatif asks for the last ten minutes, or as many as are wanted", async () => {
  const { ask, view } = fakeApi();
  const answer = await ask("/whatif");
  assert.equal(answer.status, 200);
  const { minutes, all, functions } = await answer.json();
  assert.deepEqual([minutes, all.oracle, functions[0].name], [10, { mean_ms: 2.5, p99_ms: 9 }, "fib"]);
  for (const [query, wanted] of [["minutes=0.1", 0.1], ["minutes=60", 60], ["minutes=2.5", 2.5]] as const) {
    assert.equal((await (await ask(`/whatif?${query}`)).json()).minutes, wanted);
  }
  assert.equal(view.asked.length, 4);
});

Deno.test("GET /whatif names what is wrong with its query", async () => {
  const { ask } = fakeApi();
  for (const value of ["0", "0.05", "61", "-1", "1e1", "", "x", "5.", "%205"]) {
    const problem = await problemOf(await ask(`/whatif?minutes=${value}`), 400);
    assert.deepEqual(problem.errors?.map(({ field }) => field), ["minutes"], value);
    assert.match(problem.errors?.[0]?.message ?? "", /a number from 0\.1 to 60, not /);
  }
  await problemOf(await ask("/whatif?hours=1"), 400);
});

Deno.test("GET /whatif says that it takes too long", async () => {
  const { ask, view } = fakeApi();
  view.slow = true;
  assert.match((await problemOf(await ask("/whatif"), 503)).detail, /longer than 60 s/);
});
