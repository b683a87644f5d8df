import assert from "node:assert/strict";
import { EVERYWHERE, fakeApi, LOOPBACK, problemOf, TOKEN, UNIX } from "./fake_view.ts";

Deno.test("GET /healthz answers ok", async () => {
  const { ask } = fakeApi();
  assert.deepEqual(await (await ask("/healthz", {}, LOOPBACK)).json(), { status: "ok" });
});

Deno.test("GET /readyz answers 200 when ready, and 503 with the reasons when not", async () => {
  const { ask, view } = fakeApi();
  assert.deepEqual(await (await ask("/readyz")).json(), { ready: true, ...view.states });
  view.state = { ready: false, reasons: ["no policy yet", "ring buffer closed"] };
  for (const connection of [UNIX, LOOPBACK]) {
    const problem = await problemOf(await ask("/readyz", {}, connection), 503);
    assert.equal(problem.detail, "not ready: no policy yet; ring buffer closed");
    assert.deepEqual(problem.reasons, ["no policy yet", "ring buffer closed"]);
  }
});

Deno.test("GET /readyz shows reasons off loopback only with the token", async () => {
  const { ask, view } = fakeApi({ token: TOKEN });
  view.state = { ready: false, reasons: ["rule of secret-function"] };
  const problem = await problemOf(await ask("/readyz", {}, EVERYWHERE), 503);
  assert.equal(problem.detail, "not ready");
  assert.deepEqual(problem.reasons, []);
  const headers = { Authorization: `Bearer ${TOKEN}` };
  assert.deepEqual(
    (await problemOf(await ask("/readyz", { headers }, EVERYWHERE), 503)).reasons,
    view.state.reasons,
  );
});

Deno.test("GET /readyz says of each part whether it works, and why not to those who may read", async () => {
  const { ask, view } = fakeApi();
  const reason = "learning has stopped: secret-function";
  view.states = {
    observing: { state: "working" },
    learning: { state: "not working", reason },
    enforcing: { state: "off", reason: "--backend none" },
  };
  const { observing, learning, enforcing } = await (await ask("/readyz")).json();
  assert.deepEqual({ observing, learning, enforcing }, view.states);
  view.state = { ready: false, reasons: [reason] };
  const problem = await problemOf(await ask("/readyz"), 503);
  assert.deepEqual([problem.observing, problem.learning, problem.enforcing], Object.values(view.states));
  for (const ready of [true, false]) {
    view.state = { ready, reasons: ready ? [] : [reason] };
    const answer = await ask("/readyz", {}, EVERYWHERE);
    assert.equal(answer.status, ready ? 200 : 503);
    const text = await answer.text();
    assert.ok(!text.includes("secret") && !text.includes("none"), text);
    assert.equal(JSON.parse(text).learning.state, "not working");
  }
});

Deno.test("GET /metrics answers in Prometheus's text format", async () => {
  const { ask, view } = fakeApi();
  view.snapshot = { ...view.snapshot, eventsTotal: 77 };
  const answer = await ask("/metrics");
  assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.match(await answer.text(), /^alps_events_total 77$/m);
});
