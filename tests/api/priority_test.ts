import assert from "node:assert/strict";
import { fakeApi, problemOf } from "./fake_view.ts";

Deno.test("GET /priority shows what the view has", async () => {
  const { ask, view } = fakeApi();
  const answer = await ask("/priority");
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.deepEqual(await answer.json(), view.priorities());
});

Deno.test("GET /priority/NAME shows one function, and 404 where there is none", async () => {
  const { ask, view } = fakeApi();
  assert.deepEqual(await (await ask("/priority/fib")).json(), view.priority("fib"));
  assert.match((await problemOf(await ask("/priority/nope"), 404)).detail, /no function "nope" is known/);
  assert.equal((await ask("/priority/fib", { method: "HEAD" })).status, 200);
});

Deno.test("GET /priority/NAME takes every name percent-encoded", async () => {
  const names = [
    "a/b",
    "ü ñ 漢字 🙂",
    "100%",
    "%2F",
    "%",
    "a?b#c&d=e+f",
    "..x",
    "line\nbreak",
    "\\",
    '"<>',
    ":name",
    "{x}",
  ];
  const { ask, view } = fakeApi();
  view.names = names;
  for (const name of names) {
    const answer = await ask(`/priority/${encodeURIComponent(name)}`);
    assert.equal(answer.status, 200, name);
    assert.equal((await answer.json()).name, name);
  }
});

Deno.test("GET /priority/NAME refuses a malformed percent sequence", async () => {
  const { ask } = fakeApi();
  for (const name of ["%", "%2", "%zz", "%ff", "%c3%28", "a%E4b"]) {
    assert.match((await problemOf(await ask(`/priority/${name}`), 400)).detail, /percent-encoding/, name);
  }
});

Deno.test("PUT /priority/NAME pins and answers as GET", async () => {
  const { ask, send, view } = fakeApi();
  const answer = await send("PUT", "/priority/a%2Fb%20%C3%BC", {
    priority: 1000000,
    slice_us: 100,
    ttl_s: 604800,
  });
  assert.equal(answer.status, 200);
  const entry = await answer.json();
  assert.equal(entry.source, "pinned");
  assert.deepEqual(view.pins.get("a/b ü"), { priority: 1000000, slice_us: 100, ttl_s: 604800 });
  assert.deepEqual(await (await ask("/priority/a%2Fb%20%C3%BC")).json(), entry);
});

Deno.test("PUT /priority/NAME takes each field alone, at both ends of its range", async () => {
  const { send, view } = fakeApi();
  const bodies = [{ priority: 1 }, { priority: 1000000 }, { slice_us: 100 }, { slice_us: 200000 }, {
    ttl_s: 1,
  }, {
    ttl_s: 604800,
  }];
  for (const body of bodies) {
    assert.equal((await send("PUT", "/priority/fib", body)).status, 200, JSON.stringify(body));
    assert.deepEqual(view.pins.get("fib"), body);
  }
});

Deno.test("PUT /priority/NAME answers 404 for a function that nobody knows", async () => {
  const { send } = fakeApi();
  await problemOf(await send("PUT", "/priority/nope", { priority: 1 }), 404);
});

Deno.test("PUT /priority/NAME names the wrong field, what was wanted and what came", async () => {
  const wrong: [unknown, string, RegExp][] = [
    [{ priority: 0 }, "priority", /whole number from 1 to 1000000, not 0/],
    [{ priority: 1000001 }, "priority", /not 1000001/],
    [{ priority: 1.5 }, "priority", /not 1.5/],
    [{ priority: -0.5 }, "priority", /not -0.5/],
    [{ priority: "1" }, "priority", /not "1"/],
    [{ priority: null }, "priority", /not null/],
    [{ priority: 1e300 }, "priority", /not 1e\+300/],
    [{ slice_us: 99 }, "slice_us", /from 100 to 200000, not 99/],
    [{ slice_us: 200001 }, "slice_us", /not 200001/],
    [{ ttl_s: 0 }, "ttl_s", /from 1 to 604800, not 0/],
    [{ ttl_s: 604801 }, "ttl_s", /not 604801/],
    [{ priority: [1] }, "priority", /not \[1\]/],
    [{ priority: 1, prioritty: 2 }, "prioritty", /is not known here; known are priority, slice_us, ttl_s/],
    [{}, "", /at least one of priority, slice_us, ttl_s/],
    [[], "", /a JSON object, not \[\]/],
    [null, "", /a JSON object, not null/],
    ["x".repeat(100), "", /a JSON object, not "x{56}\.\.\.$/],
  ];
  for (const [body, field, message] of wrong) {
    const { send, view } = fakeApi();
    const problem = await problemOf(await send("PUT", "/priority/fib", body), 400);
    assert.equal(problem.errors?.length, 1, JSON.stringify(problem));
    assert.equal(problem.errors?.[0]?.field, field);
    assert.match(problem.errors?.[0]?.message ?? "", message);
    assert.ok(problem.detail.includes(problem.errors?.[0]?.message ?? "?"));
    assert.equal(view.pins.size, 0);
  }
});

Deno.test("PUT /priority/NAME names every wrong field", async () => {
  const { send } = fakeApi();
  const problem = await problemOf(
    await send("PUT", "/priority/fib", { priority: 0, slice_us: 1, x: 1, y: 2 }),
    400,
  );
  assert.deepEqual(problem.errors?.map(({ field }) => field).sort(), ["priority", "slice_us", "x", "y"]);
});

Deno.test("PUT /priority/NAME does not take __proto__ and its like for fields", async () => {
  const { ask, view } = fakeApi();
  for (const key of ["__proto__", "constructor", "toString"]) {
    const answer = await ask("/priority/fib", {
      method: "PUT",
      headers: { "Content-Type": "application/json" },
      body: `{"priority": 1, "${key}": {"slice_us": 100}}`,
    });
    const problem = await problemOf(answer, 400);
    assert.equal(problem.errors?.[0]?.field, key);
  }
  assert.equal(view.pins.size, 0);
});

Deno.test("DELETE /priority/NAME unpins, and is no error where there is no pin", async () => {
  const { ask, view } = fakeApi();
  view.pins.set("fib", { priority: 1 });
  const answer = await ask("/priority/fib", { method: "DELETE" });
  assert.equal(answer.status, 204);
  assert.equal(await answer.text(), "");
  assert.equal(view.pins.size, 0);
  assert.equal((await ask("/priority/fib", { method: "DELETE" })).status, 204);
  await problemOf(await ask("/priority/nope", { method: "DELETE" }), 404);
});
