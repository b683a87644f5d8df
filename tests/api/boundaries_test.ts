import assert from "node:assert/strict";
import { fakeApi, LOOPBACK, problemOf } from "./fake_view.ts";

const post = (body: unknown) => ({
  method: "POST",
  body: JSON.stringify(body),
  headers: { "Content-Type": "application/json" },
});

Deno.test("POST /invocations tells the agent, by container or process", async () => {
  const { ask, view } = fakeApi();
  const answer = await ask("/invocations", post({ event: "start", pid: 12 }));
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { function: "fib", function_id: "1", pid: 12 });
  assert.equal((await ask("/invocations", post({ event: "end", container: "c1" }))).status, 200);
  assert.deepEqual(view.told, [{ event: "start", pid: 12 }, { event: "end", container: "c1" }]);
});

Deno.test("POST /invocations says what is wrong", async () => {
  const cases: [unknown, RegExp][] = [
    [{ event: "begin", pid: 1 }, /event must be start or end/],
    [{ pid: 1 }, /event must be given/],
    [{ event: "start" }, /must have one of container, pid/],
    [{ event: "start", pid: 1, container: "c" }, /must have one of container, pid/],
    [{ event: "start", pid: 0 }, /pid must be a whole number from 1 to 4194304/],
    [{ event: "start", container: "" }, /container must be text/],
    [{ event: "start", pid: 1, id: 3 }, /id is not known here/],
  ];
  for (const [body, message] of cases) {
    const { ask, view } = fakeApi();
    const problem = await problemOf(await ask("/invocations", post(body)), 400);
    assert.match(problem.detail, message);
    assert.deepEqual(view.told, []);
  }
  const { ask } = fakeApi();
  await problemOf(await ask("/invocations", post({ event: "start", pid: 404 })), 404);
});

Deno.test("POST /invocations is for those who may change something", async () => {
  const { ask, view } = fakeApi();
  await problemOf(await ask("/invocations", post({ event: "start", pid: 12 }), LOOPBACK), 403);
  assert.deepEqual(view.told, []);
});
