import assert from "node:assert/strict";
import { fakeApi, LOOPBACK, problemOf, TOKEN } from "./fake_view.ts";

Deno.test("PUT /enforcement switches off and on, and answers as GET", async () => {
  const { ask, send, view } = fakeApi();
  for (const enabled of [false, true, true, false]) {
    const answer = await send("PUT", "/enforcement", { enabled });
    assert.equal(answer.status, 200);
    const state = await answer.json();
    assert.equal(state.enabled, enabled);
    assert.equal(view.enabled, enabled);
    assert.deepEqual(await (await ask("/enforcement")).json(), state);
  }
});

Deno.test("PUT /enforcement refuses every other body, and changes nothing", async () => {
  const { send, view } = fakeApi();
  for (const body of [{}, { enabled: "false" }, { enabled: 0 }, { enabled: null }, null, [], "off"]) {
    await problemOf(await send("PUT", "/enforcement", body), 400);
  }
  const problem = await problemOf(await send("PUT", "/enforcement", { enabled: true, ttl_s: 1 }), 400);
  assert.match(problem.detail, /ttl_s is not known here; known are enabled/);
  const wrong = await problemOf(await send("PUT", "/enforcement", { enabled: 1 }), 400);
  assert.match(wrong.detail, /enabled must be true or false, not 1/);
  assert.equal(view.enabled, true);
});

Deno.test("PUT /enforcement needs the socket or the token, reading does not on loopback", async () => {
  const { ask, send, view, app } = fakeApi({ token: TOKEN });
  assert.equal((await ask("/enforcement", {}, LOOPBACK)).status, 200);
  await problemOf(await send("PUT", "/enforcement", { enabled: false }, LOOPBACK), 401);
  assert.equal(view.enabled, true);
  const headers = { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" };
  const init = { method: "PUT", headers, body: '{"enabled": false}' };
  assert.equal((await app.request("/enforcement", init, { connection: LOOPBACK })).status, 200);
  assert.equal(view.enabled, false);
});

Deno.test("PUT /enforcement answers 409 where there is nothing to switch", async () => {
  const { send, view } = fakeApi();
  view.nothingToSwitch = true;
  assert.match((await problemOf(await send("PUT", "/enforcement", { enabled: true }), 409)).detail, /none/);
});
