import assert from "node:assert/strict";
import { fakeApi, problemOf } from "./fake_view.ts";

Deno.test("GET /invocations asks for the 100 newest of all functions", async () => {
  const { ask, view } = fakeApi();
  const answer = await ask("/invocations");
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), {
    invocations: new (view.constructor as new () => typeof view)().invocations(1),
  });
  assert.deepEqual(view.asked, [{ limit: 100, name: undefined }]);
});

Deno.test("GET /invocations takes limit and function", async () => {
  const { ask, view } = fakeApi();
  for (const query of ["limit=1&function=a%2Fb%20%C3%BC", "limit=10000&function=", "function=a+b"]) {
    assert.equal((await ask(`/invocations?${query}`)).status, 200, query);
  }
  assert.deepEqual(view.asked, [
    { limit: 1, name: "a/b ü" },
    { limit: 10000, name: undefined },
    { limit: 100, name: "a b" },
  ]);
});

Deno.test("GET /invocations names what is wrong with its query", async () => {
  const limit = /a whole number from 1 to 10000, not /;
  const wrong: [string, string, RegExp][] = [
    ...["0", "10001", "-1", "1.5", "1e3", "0x10", "%205", "", "x", "99999999999999"].map((value) =>
      [`limit=${value}`, "limit", limit] satisfies [string, string, RegExp]
    ),
    ["limit=1&limit=2", "limit", limit],
    ["function=a&function=b", "function", /one function's name, not \["a","b"\]/],
    ["funtion=a", "funtion", /is not known here; known are limit, function/],
  ];
  for (const [query, field, message] of wrong) {
    const { ask, view } = fakeApi();
    const problem = await problemOf(await ask(`/invocations?${query}`), 400);
    assert.deepEqual(problem.errors?.map((error) => error.field), [field], query);
    assert.match(problem.errors?.[0]?.message ?? "", message);
    assert.deepEqual(view.asked, []);
  }
});

Deno.test("GET /invocations refuses a malformed percent sequence in its query", async () => {
  const { ask } = fakeApi();
  for (const query of ["function=%zz", "function=%ff", "limit=5%", "%=1"]) {
    assert.match((await problemOf(await ask(`/invocations?${query}`), 400)).detail, /percent-encoding/);
  }
});
