/** Generated requests to the function host: run, or refused; no request is a 500. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createHostApp, type Runner } from "../../host/app.ts";
import { anyText, fieldValue, mostly, often } from "../fuzz.ts";

const reply = { pid: 7, status: 0, signal: null, cpuUs: 1, result: "1" };
const runner: Runner = {
  jobs: [{ name: "fib", nLeast: 1, nMost: 50, workFactor: 1 }],
  failure: undefined,
  pid: 1,
  run: () => Promise.resolve(reply),
  exec: () => Promise.resolve(reply),
};
const app = createHostApp(runner, new Map([["tool", ["/bin/tool", "{n}"]]]));

Deno.test("POST /run/NAME with any name and body runs or is refused", async () => {
  let ran = 0;
  await often(fc.asyncProperty(
    mostly(
      fc.constantFrom("fib", "tool", "x/fib", "a%20b"),
      fc.oneof(
        anyText.map((name) => encodeURIComponent(name.toWellFormed())),
        fc.constantFrom("%", "%FF", ""),
      ),
    ),
    mostly(
      fc.record({
        n: mostly(fc.integer({ min: 1, max: 50 }), fieldValue),
        id: mostly(fc.nat(), fieldValue),
        job: mostly(fc.constant("fib"), fieldValue),
      }, { requiredKeys: ["n", "id"] }).map((body) => JSON.stringify(body)),
      fc.oneof(anyText, fc.json(), fc.constant("x".repeat(70_000))),
    ),
    async (name, body) => {
      const answer = await app.request(`/run/${name}`, { method: "POST", body: body.toWellFormed() });
      const text = await answer.text();
      const what = `${name} ${body.slice(0, 200)}: ${answer.status} ${text}`;
      if (answer.status === 200) ran++;
      else {
        assert.ok([400, 404, 413].includes(answer.status), what);
        assert.equal(answer.headers.get("content-type"), "application/problem+json", what);
      }
      JSON.parse(text);
    },
  ));
  assert.ok(ran >= 20, `only ${ran} were run`);
});
