import assert from "node:assert/strict";
import { MAX_BODY_BYTES } from "../../api/body.ts";
import { fakeApi, problemOf } from "./fake_view.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

Deno.test("limitBody() takes a body of 64 KiB and answers 413 for one byte more", async () => {
  const body = (bytes: number) => {
    const start = '{"priority":1';
    return start + " ".repeat(bytes - start.length - 1) + "}";
  };
  const stream = (text: string) => new Blob([text]).stream();
  const { ask, view } = fakeApi();
  for (const make of [(text: string) => text, stream]) {
    view.pins.clear();
    const put = (bytes: number) =>
      ask("/priority/fib", { method: "PUT", headers: JSON_TYPE, body: make(body(bytes)) });
    await problemOf(await put(MAX_BODY_BYTES + 1), 413);
    assert.equal(view.pins.size, 0);
    assert.equal((await put(MAX_BODY_BYTES)).status, 200);
  }
});

Deno.test("limitBody() believes neither a small nor a wrong Content-Length", async () => {
  const { ask, view } = fakeApi();
  for (const length of ["1", "x", "-1", "99999999999999999999"]) {
    const headers = { ...JSON_TYPE, "Content-Length": length };
    await problemOf(
      await ask("/priority/fib", { method: "PUT", headers, body: " ".repeat(MAX_BODY_BYTES + 1) }),
      413,
    );
  }
  assert.equal(view.pins.size, 0);
});

Deno.test("limitBody() answers 400 for a body that is not UTF-8", async () => {
  const { ask, view } = fakeApi();
  const body = new Uint8Array([...new TextEncoder().encode('{"rule":"comm:x'), 0xff, 0x22, 0x7d]);
  const rules = view.rules.length;
  const problem = await problemOf(await ask("/functions", { method: "POST", headers: JSON_TYPE, body }), 400);
  assert.equal(problem.detail, "the body is not UTF-8");
  assert.equal(view.rules.length, rules);
});
