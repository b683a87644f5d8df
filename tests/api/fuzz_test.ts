/** Generated requests to the real application, with the real rules behind it: no 500, and nothing undocumented. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { createApp } from "../../api/app.ts";
import type { NewRule } from "../../api/agent_view.ts";
import { addRule, removeRule } from "../../core/rule_requests.ts";
import { Classifier } from "../../observe/classifier.ts";
import { FunctionTable } from "../../observe/functions.ts";
import { RuleSet } from "../../observe/rule_set.ts";
import { parseRule, ruleEntry } from "../../observe/rules.ts";
import { anyText, fieldValue, mostly, often, rightRules, ruleText } from "../fuzz.ts";
import { EVERYWHERE, FakeView, LOOPBACK, TOKEN, UNIX } from "./fake_view.ts";

/** A view whose rules are real: parsed, compiled and applied to the processes of this machine. */
class RuleView extends FakeView {
  readonly #kernel = {
    setRules() {},
    setMode() {},
    setHelper() {},
    watchIdle() {},
    idleLengths: () => undefined,
    remember() {},
    adopt: () => 0,
  };
  readonly classifier = new Classifier(this.#kernel, new RuleSet(), new FunctionTable(() => {}));

  constructor() {
    super();
    this.classifier.addRules([parseRule("mine=comm:no-such-process", "command line")]);
  }

  override addRule(body: NewRule) {
    return addRule(this.classifier, body);
  }

  override removeRule(idOrName: string): boolean {
    return removeRule(this.classifier, idOrName);
  }

  override functions() {
    return { ...super.functions(), rules: this.classifier.rules.list().map(ruleEntry) };
  }

  /** Away with what was added: otherwise each case would be slower than the one before. */
  clear(): void {
    for (const rule of this.classifier.rules.list()) {
      if (rule.from === "http") this.classifier.removeRules(rule.id);
    }
  }
}

/** Answers by status, so that a test can see that it got behind the door. */
const counts = new Map<number, number>();

/** Fails where fewer requests were answered with a status than can be by chance. */
function assertOften(status: number, before: number): void {
  const times = (counts.get(status) ?? 0) - before;
  assert.ok(times >= 20, `only ${times} answers with status ${status}`);
}

const view = new RuleView();
const app = createApp(view, { security: { token: TOKEN } });

/** Route → statuses, from the document that clients get. */
const documented: [RegExp, string, Set<number>][] = [];
const openApi = await (await app.request("/openapi.json", {}, { connection: UNIX })).json();
for (const [path, methods] of Object.entries<Record<string, { responses: object }>>(openApi.paths)) {
  for (const [method, { responses }] of Object.entries(methods)) {
    const pattern = new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/, "[^/]+")}$`);
    documented.push([pattern, method.toUpperCase(), new Set(Object.keys(responses).map(Number))]);
  }
}

interface Sent {
  method: string;
  path: string;
  body?: string | Uint8Array<ArrayBuffer> | undefined;
  headers?: Record<string, string>;
  connection?: typeof UNIX | typeof LOOPBACK;
}

/** Sends a request and checks that its answer is one that is documented, in the form that is documented. */
async function check({ method, path, body, headers = {}, connection = UNIX }: Sent): Promise<Response> {
  const init = { method, headers, ...(body !== undefined && { body }) };
  const answer = await app.request(path, init, { connection });
  const text = await answer.text();
  counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
  const said = `${method} ${path}: ${answer.status} ${text.slice(0, 300)}`;
  assert.ok(answer.status < 500, said);
  const route = path.replace(/[?#].*$/s, "");
  // OPTIONS and others that no route has are answered with 405, also below a path that some route has.
  const statuses =
    documented.find(([pattern, verb]) =>
      pattern.test(route) && (verb === method || (verb === "GET" && method === "HEAD"))
    )?.[2] ?? new Set([404, 405]);
  // Before any route: a broken percent sequence, a body that is too large, a foreign Host, a token that is missing.
  assert.ok(statuses.has(answer.status) || [400, 401, 403, 413].includes(answer.status), said);
  const type = answer.headers.get("content-type") ?? "";
  if (answer.status >= 400 && method !== "HEAD") {
    assert.equal(type, "application/problem+json", said);
    const { status, title, detail, errors = [] } = JSON.parse(text);
    assert.ok(status === answer.status && title && detail, said);
    assert.ok(detail.length < 5000, said);
    for (const error of errors) assert.deepEqual(Object.keys(error), ["field", "message"], said);
  } else if (type.startsWith("application/json") && method !== "HEAD") JSON.parse(text);
  return new Response(answer.status === 204 ? null : text, { status: answer.status });
}

const JSON_HEADERS = { "Content-Type": "application/json" };
const names = fc.oneof(fc.constantFrom("fib", "a/b ü", "mine", "r1", "r2", ".", ".."), anyText)
  .map((name) => encodeURIComponent(name.toWellFormed()));

Deno.test("PUT /priority/NAME with any body is pinned or refused, never a 500", async () => {
  const before = counts.get(200) ?? 0;
  await often(fc.asyncProperty(
    mostly(fc.constantFrom("fib", "a%2Fb%20%C3%BC"), names),
    mostly(
      fc.record({
        priority: mostly(fc.integer({ min: 1, max: 1_000_000 }), fieldValue),
        slice_us: mostly(fc.integer({ min: 100, max: 200_000 }), fieldValue),
        ttl_s: mostly(fc.integer({ min: 1, max: 604_800 }), fieldValue),
      }, { requiredKeys: [] }),
      fc.oneof(fc.jsonValue(), fc.dictionary(fc.constantFrom("priority", "extra", "__proto__"), fieldValue)),
    ),
    async (name, body) => {
      const text = JSON.stringify(body);
      const answer = await check({
        method: "PUT",
        path: `/priority/${name}`,
        body: text,
        headers: JSON_HEADERS,
      });
      if (answer.status !== 200) return;
      const entry = await answer.json();
      const pin = JSON.parse(text);
      if (pin.priority !== undefined) assert.equal(entry.priority, pin.priority);
      if (pin.slice_us !== undefined) assert.equal(entry.slice_us, pin.slice_us);
      assert.equal(entry.source, "pinned");
    },
  ));
  assertOften(200, before);
});

Deno.test("POST /functions with any body adds the rule that it says, or is refused; DELETE takes it out", async () => {
  const before = counts.get(201) ?? 0;
  await often(fc.asyncProperty(
    fc.oneof(
      fc.record<{ rule: unknown; name?: unknown }>({ rule: rightRules }),
      fc.record<{ rule: unknown; name?: unknown }>({
        rule: fc.constant("comm:x*"),
        name: fc.constantFrom("fib", "ü/1"),
      }),
      fc.record({
        name: mostly(fc.constantFrom("fib", "ü/1"), fc.oneof(anyText, fieldValue)),
        rule: mostly(ruleText, fieldValue),
        mode: mostly(fc.constantFrom("process", "auto", "warm"), fieldValue),
        gap_ms: mostly(fc.double({ min: 0.1, max: 60_000, noNaN: true }), fieldValue),
      }, { requiredKeys: ["rule"] }),
    ),
    async (body) => {
      view.clear();
      const text = JSON.stringify(body);
      const answer = await check({ method: "POST", path: "/functions", body: text, headers: JSON_HEADERS });
      const rules = view.classifier.rules.list();
      if (answer.status !== 201) return assert.equal(rules.length, 1, "what is refused is not in force");
      const entry = await answer.json();
      assert.deepEqual(rules.slice(1).map(ruleEntry), [entry]);
      if (body.name !== undefined) assert.equal(entry.name, body.name);
      const path = `/functions/${entry.id}`;
      assert.equal((await check({ method: "DELETE", path })).status, 204);
      assert.equal((await check({ method: "DELETE", path })).status, 404);
    },
  ));
  assertOften(201, before);
});

Deno.test("PUT /enforcement with any body switches as it says, or is refused and switches nothing", async () => {
  const before = counts.get(200) ?? 0;
  await often(fc.asyncProperty(
    fc.oneof(
      fc.record({ enabled: mostly(fc.boolean(), fieldValue) }, { requiredKeys: [] }),
      fc.record({ enabled: fc.boolean(), extra: fieldValue }),
      fc.jsonValue(),
    ),
    async (body) => {
      const was = view.enabled, text = JSON.stringify(body);
      const answer = await check({ method: "PUT", path: "/enforcement", body: text, headers: JSON_HEADERS });
      if (answer.status !== 200) return assert.equal(view.enabled, was);
      assert.equal((await answer.json()).enabled, JSON.parse(text).enabled);
    },
  ));
  view.enabled = true;
  assertOften(200, before);
});

Deno.test("POST /invocations with any body tells of one instance, or is refused and tells nothing", async () => {
  const before = counts.get(200) ?? 0;
  const event = mostly(fc.constantFrom("start", "end"), fieldValue);
  await often(fc.asyncProperty(
    fc.oneof(
      fc.record({ event, pid: mostly(fc.integer({ min: 1, max: 4_194_304 }), fieldValue) }),
      fc.record({ event, container: mostly(fc.constantFrom("c0ffee", "ü"), fc.oneof(anyText, fieldValue)) }),
      fc.record({ event, container: anyText, pid: fieldValue }, { requiredKeys: [] }),
      fc.jsonValue(),
    ),
    async (body) => {
      view.told.length = 0;
      const text = JSON.stringify(body);
      const answer = await check({ method: "POST", path: "/invocations", body: text, headers: JSON_HEADERS });
      assert.deepEqual(view.told, answer.status === 200 ? [JSON.parse(text)] : []);
    },
  ));
  assertOften(200, before);
});

Deno.test("DELETE of any name is done or refused, and never takes out what did not come over HTTP", () =>
  often(fc.asyncProperty(names, fc.constantFrom("priority", "functions"), async (name, kind) => {
    await check({ method: "DELETE", path: `/${kind}/${name}` });
    assert.deepEqual(view.classifier.rules.list().map(({ name }) => name).slice(0, 1), ["mine"]);
  })));

Deno.test("GET /invocations with any query answers or refuses", () =>
  often(fc.asyncProperty(
    fc.dictionary(
      fc.oneof(fc.constantFrom("limit", "function"), anyText),
      fc.oneof(fc.integer().map(String), anyText),
      { maxKeys: 3 },
    ),
    async (query) => {
      const pairs = Object.entries(query).map((pair) =>
        pair.map((part) => encodeURIComponent(part.toWellFormed()))
      );
      await check({ method: "GET", path: `/invocations?${pairs.map((pair) => pair.join("=")).join("&")}` });
    },
  )));

Deno.test("any bytes as a body, under any type, are refused", () =>
  often(fc.asyncProperty(
    fc.constantFrom(
      "PUT /priority/fib",
      "POST /functions",
      "DELETE /functions/r2",
      "POST /priority",
      "PUT /enforcement",
      "POST /invocations",
    ),
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => new TextEncoder().encode(text)),
      fc.json().map((text) => new TextEncoder().encode(text.slice(0, -1))),
      fc.constantFrom(new Uint8Array(70_000), new TextEncoder().encode("[".repeat(60_000))),
    ),
    fc.oneof(
      fc.constantFrom(
        "application/json",
        "application/json; charset=latin1",
        "text/plain",
        "multipart/form-data",
        "",
      ),
      fc.string({ unit: "grapheme-ascii", maxLength: 20 }),
    ),
    async (target, bytes, type) => {
      view.clear();
      const [method = "", path = ""] = target.split(" ");
      const headers: Record<string, string> = type.trim() === "" ? {} : { "Content-Type": type };
      await check({ method, path, body: new Uint8Array(bytes), headers });
    },
  )));

Deno.test("any path, method and headers are answered as documented", () =>
  often(fc.asyncProperty(
    fc.oneof(
      fc.webPath(),
      fc.constantFrom(...documented.map(([pattern]) => pattern.source.slice(1, -1).replace("[^/]+", "x"))),
      fc.array(
        fc.constantFrom(
          "/",
          "%2F",
          "%00",
          "%FF",
          "%",
          "%e2%80",
          "priority",
          "functions",
          "..",
          ";",
          "\\",
          "+",
        ),
        {
          maxLength: 8,
        },
      ).map((parts) => `/${parts.join("")}`),
    ),
    fc.constantFrom("", "?", "?limit=1", "?%FF=1", "?limit=1&limit=2", "#x"),
    fc.constantFrom("GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"),
    fc.dictionary(
      fc.constantFrom("Host", "Origin", "Authorization", "Accept", "X-Forwarded-For", "Content-Length"),
      fc.oneof(
        fc.constantFrom(
          "localhost",
          "evil.example",
          `Bearer ${TOKEN}`,
          "Bearer x",
          "null",
          "127.0.0.1:80",
          "-1",
        ),
        fc.string({ unit: "grapheme-ascii", maxLength: 20 }),
      ),
    ),
    fc.constantFrom(UNIX, LOOPBACK, EVERYWHERE),
    async (path, query, method, headers, connection) => {
      view.clear();
      await check({ method, path: path + query, headers, connection });
    },
  )));

Deno.test("POST of deeply nested JSON is refused, and takes no stack with it", async () => {
  for (const text of ["[", '{"a":'].map((piece) => piece.repeat(10_000))) {
    const deep = text + "1" + (text.startsWith("[") ? "]" : "}").repeat(10_000);
    await check({ method: "POST", path: "/functions", body: deep, headers: JSON_HEADERS });
    await check({ method: "PUT", path: "/priority/fib", body: deep, headers: JSON_HEADERS });
  }
});
