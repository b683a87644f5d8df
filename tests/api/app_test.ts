import assert from "node:assert/strict";
import type { z } from "@hono/zod-openapi";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import * as schemas from "../../api/schemas.ts";
import { fakeApi, FakeView, LOOPBACK, problemOf } from "./fake_view.ts";

const JSON_TYPE = { "Content-Type": "application/json" };

Deno.test("createApp() answers 404 for an unknown path", async () => {
  const { ask } = fakeApi();
  const paths = [
    "/",
    "/nope",
    "/priority/",
    "/priority/a/b",
    "/Priority",
    "/%70riority",
    "/functions/x/y",
    "//priority",
  ];
  for (const path of paths) {
    const problem = await problemOf(await ask(`http://localhost${path}`), 404);
    assert.ok(problem.detail.includes(path), problem.detail);
  }
});

Deno.test("createApp() answers 405 with Allow for a wrong method, whoever asks", async () => {
  const wrong: [string, string, string][] = [
    ["POST", "/priority", "GET, HEAD"],
    ["DELETE", "/priority", "GET, HEAD"],
    ["POST", "/priority/fib", "DELETE, GET, HEAD, PUT"],
    ["PATCH", "/priority/fib", "DELETE, GET, HEAD, PUT"],
    ["PUT", "/functions", "GET, HEAD, POST"],
    ["GET", "/functions/r1", "DELETE"],
    ["OPTIONS", "/invocations", "GET, HEAD, POST"],
    ["POST", "/healthz", "GET, HEAD"],
    ["PUT", "/metrics", "GET, HEAD"],
    ["DELETE", "/openapi.json", "GET, HEAD"],
  ];
  for (const [method, path, allow] of wrong) {
    const { ask } = fakeApi();
    const answer = await ask(path, { method }, LOOPBACK);
    await problemOf(answer, 405);
    assert.equal(answer.headers.get("allow"), allow, `${method} ${path}`);
  }
});

Deno.test("createApp() answers 400 for a body that is not JSON", async () => {
  const { ask } = fakeApi();
  for (const body of ["", "{", "{priority: 1}", '{"priority": 1}}', "\0"]) {
    const problem = await problemOf(
      await ask("/priority/fib", { method: "PUT", body, headers: JSON_TYPE }),
      400,
    );
    assert.equal(problem.detail, "the body is not valid JSON");
  }
});

Deno.test("createApp() answers 415 for a body of another type", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", "*/*"]) {
    const { ask, view } = fakeApi();
    const init = { method: "PUT", body: '{"priority":1}', headers: { "Content-Type": type } };
    assert.ok((await problemOf(await ask("/priority/fib", init), 415)).detail.includes(type));
    await problemOf(await ask("/functions", { ...init, method: "POST" }), 415);
    assert.equal(view.pins.size, 0);
  }
});

Deno.test("createApp() answers 415 for a body without a type", async () => {
  const { ask } = fakeApi();
  await problemOf(
    await ask("/priority/fib", { method: "PUT", body: new TextEncoder().encode('{"priority":1}') }),
    415,
  );
});

Deno.test("createApp() takes JSON with a charset", async () => {
  for (
    const type of ["application/json; charset=utf-8", "APPLICATION/JSON", "application/json;charset=UTF-8"]
  ) {
    const { ask } = fakeApi();
    const init = { method: "PUT", body: '{"priority":1}', headers: { "Content-Type": type } };
    assert.equal((await ask("/priority/fib", init)).status, 200, type);
  }
});

Deno.test("createApp() answers 500 without inner details when the view fails, and logs them", async () => {
  const { ask, view } = fakeApi();
  view.priorities = () => {
    throw new TypeError("secret inner thing");
  };
  const records: LogRecord[] = [];
  await configure({
    sinks: { memory: (record) => records.push(record) },
    loggers: [
      { category: ["alps"], sinks: ["memory"], lowestLevel: "error" },
      { category: ["logtape", "meta"], sinks: [] },
    ],
  });
  try {
    const problem = await problemOf(await ask("/priority"), 500);
    assert.ok(!JSON.stringify(problem).includes("secret"));
  } finally {
    await reset();
  }
  assert.deepEqual(records.map(({ level, properties }) => [level, String(properties.error)]), [
    ["error", "TypeError: secret inner thing"],
  ]);
});

Deno.test("createApp() lets nobody cache, answers and problems alike", async () => {
  const { ask } = fakeApi();
  for (const path of ["/priority", "/nope", "/priority/nope"]) {
    const answer = await ask(path);
    assert.equal(answer.headers.get("cache-control"), "no-store", path);
    assert.equal(answer.headers.get("x-content-type-options"), "nosniff", path);
    await answer.body?.cancel();
  }
});

/** As much of an OpenAPI document as the tests look at. */
interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, JsonSchema>; securitySchemes: Record<string, { scheme: string }> };
}
interface Operation {
  summary?: string;
  security?: unknown[];
  parameters?: { name: string; in: string; required?: boolean; schema: JsonSchema }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: JsonSchema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: JsonSchema }> }>;
}
interface JsonSchema {
  $ref?: string;
  type?: string;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: unknown;
  minimum?: number;
  maximum?: number;
}

async function openApi(): Promise<Document> {
  const answer = await fakeApi().ask("/openapi.json");
  assert.equal(answer.status, 200);
  return await answer.json();
}

/** Route → statuses of its answers, as DESIGN.md and the refusals say. */
const ROUTES: Record<string, { good: number; bad: number[] }> = {
  "get /priority": { good: 200, bad: [401, 403] },
  "get /priority/{name}": { good: 200, bad: [400, 401, 403, 404] },
  "put /priority/{name}": { good: 200, bad: [400, 401, 403, 404, 413, 415] },
  "delete /priority/{name}": { good: 204, bad: [400, 401, 403, 404] },
  "get /functions": { good: 200, bad: [401, 403] },
  "post /functions": { good: 201, bad: [400, 401, 403, 409, 413, 415] },
  "delete /functions/{rule}": { good: 204, bad: [400, 401, 403, 404, 409] },
  "get /invocations": { good: 200, bad: [400, 401, 403] },
  "post /invocations": { good: 200, bad: [400, 401, 403, 404, 409, 413, 415] },
  "get /whatif": { good: 200, bad: [400, 401, 403, 503] },
  "get /enforcement": { good: 200, bad: [401, 403] },
  "put /enforcement": { good: 200, bad: [400, 401, 403, 409, 413, 415] },
  "get /healthz": { good: 200, bad: [403] },
  "get /readyz": { good: 200, bad: [403, 503] },
  "get /metrics": { good: 200, bad: [401, 403] },
  "get /openapi.json": { good: 200, bad: [] },
};

Deno.test("GET /openapi.json has every route, with a schema for each answer and each error", async () => {
  const document = await openApi();
  assert.match(document.openapi, /^3\.1\./);
  assert.equal(document.info.version, new FakeView().version);
  const found = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`)
  );
  assert.deepEqual(found.sort(), Object.keys(ROUTES).sort());
  for (const [route, { good, bad }] of Object.entries(ROUTES)) {
    const [method = "", path = ""] = route.split(" ");
    const operation = document.paths[path]?.[method];
    assert.ok(operation?.summary, route);
    assert.deepEqual(Object.keys(operation.responses), [good, ...bad].map(String), route);
    if (good !== 204) {
      assert.ok(Object.values(operation.responses[good]?.content ?? {})[0]?.schema, route);
    }
    for (const status of bad) {
      const schema: JsonSchema | undefined = operation.responses[status]?.content
        ?.["application/problem+json"]?.schema;
      assert.deepEqual(schema, { $ref: "#/components/schemas/Problem" }, `${route} ${status}`);
    }
    assert.equal(operation.security !== undefined, method !== "get", route);
  }
});

Deno.test("GET /openapi.json refers only to what it has, and every schema says what it is", async () => {
  const document = await openApi();
  const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((match) => match[1] ?? "");
  assert.ok(refs.length > 10);
  for (const ref of refs) {
    const name = /^#\/components\/schemas\/(.+)$/.exec(ref)?.[1] ?? "";
    assert.equal(document.components.schemas[name]?.type, "object", ref);
  }
  assert.equal(document.components.securitySchemes.token?.scheme, "bearer");
});

Deno.test("GET /openapi.json gives ranges, and bodies that take no other field", async () => {
  const { paths, components } = await openApi();
  const { Pin, NewRule } = components.schemas;
  const range = (schema?: JsonSchema) => [schema?.type, schema?.minimum, schema?.maximum];
  assert.deepEqual(range(Pin?.properties?.priority), ["integer", 1, 1000000]);
  assert.deepEqual(range(Pin?.properties?.slice_us), ["integer", 100, 200000]);
  assert.deepEqual(range(Pin?.properties?.ttl_s), ["integer", 1, 604800]);
  assert.equal(Pin?.additionalProperties, false);
  assert.equal(NewRule?.additionalProperties, false);
  const put = paths["/priority/{name}"]?.put;
  assert.equal(put?.requestBody?.required, true);
  assert.deepEqual(put?.requestBody?.content["application/json"]?.schema, {
    $ref: "#/components/schemas/Pin",
  });
  assert.deepEqual(put?.parameters?.map(({ name, in: where, required }) => [name, where, required]), [
    ["name", "path", true],
  ]);
  const query = paths["/invocations"]?.get?.parameters ?? [];
  assert.deepEqual(query.map(({ name, in: where }) => [name, where]), [["limit", "query"], [
    "function",
    "query",
  ]]);
  assert.deepEqual(range(query[0]?.schema), ["integer", 1, 10000]);
  assert.ok(!query[0]?.required && !query[1]?.required);
});

Deno.test("docs/http.md has every route", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/http.md", import.meta.url));
  const placeholders: Record<string, string> = { "{name}": "NAME", "{rule}": "ID-or-NAME" };
  for (const route of Object.keys(ROUTES)) {
    const [method = "", path = ""] = route.split(" ");
    const shown = path.replace(/\{\w+\}/, (name) => placeholders[name] ?? name);
    assert.ok(text.includes(`\`${method.toUpperCase()} ${shown}`), route);
  }
});

Deno.test("the schemas of answers have exactly the fields of the agent's view", async () => {
  const view = new FakeView();
  const { rules, functions, unknown, platforms } = view.functions();
  const switchedOff = await view.setEnforcement(false);
  const cases: [z.ZodObject, object][] = [
    [schemas.PrioritiesSchema, view.priorities()],
    [schemas.PriorityEntrySchema, view.priorities().functions[0] ?? {}],
    [schemas.FunctionsSchema, view.functions()],
    [schemas.RuleEntrySchema, { ...rules[0], ...rules[1] }],
    [schemas.FunctionEntrySchema, functions[0] ?? {}],
    [schemas.UnknownEntrySchema, unknown[0] ?? {}],
    [schemas.PlatformEntrySchema, platforms[0] ?? {}],
    [schemas.InstanceSchema, view.tell({ event: "start", pid: 7 })],
    [schemas.EnforcementSchema, { ...view.enforcement(), ...switchedOff }],
    [schemas.InvocationEntrySchema, view.invocations(1)[0] ?? {}],
    [schemas.WhatIfSchema, await view.whatIf(1)],
  ];
  for (const [schema, value] of cases) {
    assert.deepEqual(Object.keys(schema.shape).sort(), Object.keys(value).sort());
    assert.ok(schema.safeParse(value).success, JSON.stringify(value));
  }
});
