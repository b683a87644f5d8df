import assert from "node:assert/strict";
import type { Connection } from "../../api/security.ts";
import { EVERYWHERE, fakeApi, LOOPBACK, problemOf, TOKEN, UNIX } from "./fake_view.ts";

const READS = ["/priority", "/priority/fib", "/functions", "/invocations", "/metrics", "/openapi.json"];
const V6: Connection = { transport: "tcp", listenHost: "::1", boundAddress: "::1" };
const ON_LAN: Connection = { transport: "tcp", listenHost: "node7.example", boundAddress: "10.1.2.3" };

function pin(authorization?: string, more: Record<string, string> = {}): RequestInit {
  const headers: Record<string, string> = { "Content-Type": "application/json", ...more };
  if (authorization !== undefined) headers.Authorization = authorization;
  return { method: "PUT", headers, body: '{"priority": 5}' };
}

Deno.test("security: reading is open on the Unix socket and on TCP loopback", async () => {
  const { ask } = fakeApi({ token: TOKEN });
  for (const connection of [UNIX, LOOPBACK, V6]) {
    for (const path of READS) {
      const answer = await ask(path, {}, connection);
      assert.equal(answer.status, 200, path);
      await answer.body?.cancel();
    }
  }
});

Deno.test("security: reading off loopback needs the token, except for probes", async () => {
  const { ask } = fakeApi({ token: TOKEN });
  for (const connection of [EVERYWHERE, ON_LAN]) {
    for (const path of READS) {
      const answer = await ask(path, {}, connection);
      await problemOf(answer, 401);
      assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer /);
      const headers = { Authorization: `Bearer ${TOKEN}` };
      const allowed = await ask(path, { headers }, connection);
      assert.equal(allowed.status, 200, path);
      await allowed.body?.cancel();
    }
    for (const path of ["/healthz", "/readyz"]) {
      assert.equal((await ask(path, {}, connection)).status, 200, path);
    }
  }
});

Deno.test("security: reading off loopback without a token file is refused with the remedy", async () => {
  const { ask } = fakeApi({ socketPath: "/run/x.sock" });
  const problem = await problemOf(
    await ask("/priority", { headers: { Authorization: "Bearer " } }, EVERYWHERE),
    403,
  );
  assert.match(problem.detail, /--token-file/);
  assert.match(problem.detail, /\/run\/x\.sock/);
});

Deno.test("security: a request that no server vouches for is trusted with nothing", async () => {
  const { app, view } = fakeApi();
  await problemOf(await app.request("/priority"), 403);
  await problemOf(await app.request("/priority", {}, {}), 403);
  await problemOf(await app.request("/priority/fib", pin()), 403);
  assert.equal(view.pins.size, 0);
});

Deno.test("security: the Unix socket may write, with and without a token file", async () => {
  for (const options of [{}, { token: TOKEN }]) {
    const { ask } = fakeApi(options);
    assert.equal((await ask("/priority/fib", pin(), UNIX)).status, 200);
    assert.equal((await ask("/priority/fib", { method: "DELETE" }, UNIX)).status, 204);
  }
});

Deno.test("security: without a token file nobody writes over TCP, whatever token is sent", async () => {
  const { ask, view } = fakeApi({ socketPath: "/run/x.sock" });
  for (const authorization of [undefined, "Bearer ", "Bearer undefined", `Bearer ${TOKEN}`]) {
    for (const connection of [LOOPBACK, EVERYWHERE]) {
      const { detail } = await problemOf(await ask("/priority/fib", pin(authorization), connection), 403);
      assert.match(detail, /--token-file/);
      assert.match(detail, /\/run\/x\.sock/);
    }
  }
  assert.equal(view.pins.size, 0);
});

Deno.test("security: every write over TCP needs the right token", async () => {
  const writes: [string, RequestInit][] = [
    ["/priority/fib", pin()],
    ["/priority/fib", { method: "DELETE" }],
    ["/functions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: '{"rule":"comm:q"}',
    }],
    ["/functions/r2", { method: "DELETE" }],
  ];
  for (const [path, init] of writes) {
    const { ask, view } = fakeApi({ token: TOKEN });
    const rules = view.rules.length;
    const missing = await ask(path, init, LOOPBACK);
    await problemOf(missing, 401);
    assert.equal(missing.headers.get("www-authenticate"), 'Bearer realm="alps"');
    assert.equal(view.pins.size, 0);
    assert.equal(view.rules.length, rules);
    const headers = { ...init.headers, Authorization: `Bearer ${TOKEN}` };
    const answer = await ask(path, { ...init, headers }, LOOPBACK);
    assert.ok(answer.ok, `${init.method} ${path}: ${answer.status}`);
  }
});

Deno.test("security: a wrong token is refused, in whatever way it is wrong", async () => {
  const { ask, view } = fakeApi({ token: TOKEN });
  const wrong = [
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Bearer ${TOKEN.toUpperCase()}`,
    "Bearer x",
    "Bearer é",
    "Bearer",
    `Basic ${TOKEN}`,
    TOKEN,
    `Bearer ${TOKEN} ${TOKEN}`,
    `Bearer ${TOKEN}, Bearer ${TOKEN}`,
  ];
  for (const authorization of wrong) {
    await problemOf(await ask("/priority/fib", pin(authorization), LOOPBACK), 401);
  }
  const answer = await ask("/priority/fib", pin("Bearer wrong-wrong-wrong"), LOOPBACK);
  assert.match(answer.headers.get("www-authenticate") ?? "", /error="invalid_token"/);
  assert.equal(view.pins.size, 0);
  assert.equal((await ask("/priority/fib", pin(`bearer   ${TOKEN} `), LOOPBACK)).status, 200);
});

Deno.test("security: who may not write is refused before the body is looked at", async () => {
  const { ask } = fakeApi({ token: TOKEN });
  const init = { method: "PUT", headers: { "Content-Type": "text/plain" }, body: "x".repeat(100_000) };
  await problemOf(await ask("/priority/fib", init, LOOPBACK), 401);
});

Deno.test("security: what a client sends does not make it the Unix socket", async () => {
  const { app, ask } = fakeApi({ token: TOKEN });
  for (
    const header of ["Forwarded", "X-Forwarded-For", "X-Real-IP", "X-Connection", "connection-transport"]
  ) {
    await problemOf(await ask("/priority/fib", pin(undefined, { [header]: "unix" }), LOOPBACK), 401);
  }
  const request = new Request("http+unix://localhost/priority/fib", pin());
  await problemOf(await app.fetch(request, { connection: LOOPBACK }), 401);
});

Deno.test("security: a foreign Host is refused over TCP, on every path", async () => {
  const { ask } = fakeApi({ token: TOKEN });
  const foreign = [
    "evil.example",
    "evil.example:8083",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "10.0.0.1",
    "192.168.1.1:8083",
    "[2001:db8::1]",
    "localhost@evil.example",
    "localhost/",
    "evil#localhost",
    "a.localhost",
    "",
    "[::1",
    "::1",
    "128.0.0.1",
    "localhost:x",
    "0x7f.1",
  ];
  for (const host of foreign) {
    for (const path of [...READS, "/healthz", "/readyz", "/nope"]) {
      const headers = { Host: host, Authorization: `Bearer ${TOKEN}` };
      await problemOf(await ask(path, { headers }, LOOPBACK), 403);
    }
  }
});

Deno.test("security: a foreign authority in the URL is refused, whatever Host says", async () => {
  const { ask } = fakeApi();
  await problemOf(
    await ask("http://evil.example/priority", { headers: { Host: "localhost" } }, LOOPBACK),
    403,
  );
});

Deno.test("security: localhost, loopback addresses and the listen address are no foreign hosts", async () => {
  const { ask } = fakeApi({ token: TOKEN, hosts: ["Alias.Example"] });
  const own: [Connection, string[]][] = [
    [LOOPBACK, [
      "localhost",
      "LOCALHOST:8083",
      "127.0.0.1",
      "127.0.0.1:1",
      "127.8.9.1",
      "[::1]:8083",
      "[0:0:0:0:0:0:0:1]",
      "[::ffff:127.0.0.1]",
      "alias.example:80",
    ]],
    [ON_LAN, ["node7.example", "NODE7.example:8083", "10.1.2.3:8083", "localhost", "alias.example"]],
    [EVERYWHERE, ["0.0.0.0:8083", "10.9.9.9:8083", "[2001:db8::1]:80", "localhost"]],
  ];
  for (const [connection, hosts] of own) {
    for (const host of hosts) {
      const headers = { Host: host, Authorization: `Bearer ${TOKEN}` };
      assert.equal((await ask("/priority", { headers }, connection)).status, 200, host);
    }
  }
  await problemOf(await ask("/healthz", { headers: { Host: "node8.example" } }, ON_LAN), 403);
  await problemOf(await ask("/healthz", { headers: { Host: "10.1.2.4" } }, ON_LAN), 403);
  await problemOf(await ask("/healthz", { headers: { Host: "evil.example" } }, EVERYWHERE), 403);
});

Deno.test("security: the Unix socket takes any Host", async () => {
  const { ask } = fakeApi();
  assert.equal((await ask("/priority", { headers: { Host: "whatever" } }, UNIX)).status, 200);
});

Deno.test("security: a write from a web page of another origin is refused, with the token too", async () => {
  const { ask, view } = fakeApi({ token: TOKEN });
  const origins = [
    "https://evil.example",
    "null",
    "http://localhost",
    "http://localhost:9999",
    "file://",
    "http://127.0.0.1:8083",
  ];
  for (const Origin of origins) {
    const init = pin(`Bearer ${TOKEN}`, { Origin, Host: "localhost:8083" });
    assert.match((await problemOf(await ask("/priority/fib", init, LOOPBACK), 403)).detail, /origin/);
  }
  await problemOf(await ask("/priority/fib", pin(undefined, { Origin: "https://evil.example" }), UNIX), 403);
  assert.equal(view.pins.size, 0);
  const own = pin(`Bearer ${TOKEN}`, { Origin: "http://localhost:8083", Host: "localhost:8083" });
  assert.equal((await ask("/priority/fib", own, LOOPBACK)).status, 200);
});

Deno.test("security: reading with a foreign Origin works, without leave for the page to see it", async () => {
  const { ask } = fakeApi();
  const answer = await ask("/priority", { headers: { Origin: "https://evil.example" } }, LOOPBACK);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("access-control-allow-origin"), null);
});
