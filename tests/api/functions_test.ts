import assert from "node:assert/strict";
import { fakeApi, problemOf } from "./fake_view.ts";

Deno.test("GET /functions shows what the view has", async () => {
  const { ask, view } = fakeApi();
  const answer = await ask("/functions");
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), view.functions());
});

Deno.test("POST /functions adds a rule", async () => {
  const { send, view } = fakeApi();
  const answer = await send("POST", "/functions", { name: "x", rule: "comm:x", mode: "warm", gap_ms: 2.5 });
  assert.equal(answer.status, 201);
  assert.deepEqual(await answer.json(), {
    id: "r3",
    name: "x",
    rule: "comm:x",
    mode: "warm",
    gap_ms: 2.5,
    from: "http",
  });
  assert.equal(view.rules.length, 3);
  assert.equal((await send("POST", "/functions", { rule: "comm:{function}" })).status, 201);
});

Deno.test("POST /functions names the wrong field", async () => {
  const wrong: [unknown, string, RegExp][] = [
    [{}, "rule", /must be given: text/],
    [{ rule: "" }, "rule", /text of 1 to 4096 characters, not ""/],
    [{ rule: 5 }, "rule", /not 5/],
    [{ rule: "x".repeat(4097) }, "rule", /1 to 4096/],
    [{ rule: "comm:a\0b" }, "rule", /NUL/],
    [{ rule: "comm:x", name: "" }, "name", /1 to 255/],
    [{ rule: "comm:x", mode: "cold" }, "mode", /one of process, warm, auto, not "cold"/],
    [{ rule: "comm:x", gap_ms: 0 }, "gap_ms", /from 0.1 to 60000, not 0/],
    [{ rule: "comm:x", gap_ms: "5" }, "gap_ms", /not "5"/],
    [{ rule: "comm:x", from: "command line" }, "from", /known are name, rule, mode, gap_ms/],
    // From the view, not from the schema.
    [{ rule: "nonsense" }, "rule", /no kind/],
  ];
  for (const [body, field, message] of wrong) {
    const { send, view } = fakeApi();
    const problem = await problemOf(await send("POST", "/functions", body), 400);
    assert.deepEqual(problem.errors?.map((error) => error.field), [field]);
    assert.match(problem.errors?.[0]?.message ?? "", message);
    assert.equal(view.rules.length, 2);
  }
});

Deno.test("POST /functions answers 409 for a rule that exists", async () => {
  const { send } = fakeApi();
  const problem = await problemOf(await send("POST", "/functions", { rule: "comm:fib" }), 409);
  assert.equal(problem.title, "Conflict");
  assert.equal(problem.detail, "the rule exists already");
  assert.equal(problem.errors, undefined);
});

Deno.test("DELETE /functions/ID-or-NAME removes a rule that came over HTTP, and no other", async () => {
  const { ask, view } = fakeApi();
  assert.equal((await ask("/functions/r2", { method: "DELETE" })).status, 204);
  assert.deepEqual(view.rules.map(({ id }) => id), ["r1"]);
  await problemOf(await ask("/functions/r2", { method: "DELETE" }), 404);
  assert.match(
    (await problemOf(await ask("/functions/fib", { method: "DELETE" }), 409)).detail,
    /command line/,
  );
});

Deno.test("DELETE /functions/ID-or-NAME takes a name percent-encoded", async () => {
  const { ask, view } = fakeApi();
  view.rules.push({ id: "r9", name: "team/ü 1", rule: "comm:y", mode: "auto", from: "http" });
  assert.equal((await ask(`/functions/${encodeURIComponent("team/ü 1")}`, { method: "DELETE" })).status, 204);
});
