import assert from "node:assert/strict";
import { createHostApp } from "../../host/app.ts";
import type { Commands } from "../../host/commands.ts";
import { ForkServer } from "../../host/forkserver.ts";
import { hostBinaryPath } from "../../host/host.ts";
import { childrenOf, eventually, readComm } from "./processes.ts";

interface Answer {
  status: number;
  type: string | null;
  body: Record<string, unknown>;
}

type Ask = (path: string, body?: unknown, init?: RequestInit) => Promise<Answer>;

/** An application over a native parent of its own; `ask` posts where there is a body (text is sent as it is). */
async function withApp(
  test: (ask: Ask, server: ForkServer) => Promise<void>,
  commands?: Commands,
): Promise<void> {
  await using server = await ForkServer.start(hostBinaryPath());
  const app = createHostApp(server, commands);
  await test(async (path, body, init) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const response = await app.request(
      path,
      body === undefined ? init : { method: "POST", body: text, ...init },
    );
    return {
      status: response.status,
      type: response.headers.get("Content-Type"),
      body: await response.json(),
    };
  }, server);
}

function childNamed(server: ForkServer, comm: string): Promise<number> {
  return eventually(() => childrenOf(server.pid).find((pid) => readComm(pid) === comm));
}

Deno.test("POST /run/FUNCTION runs the job that the path's last part names", () =>
  withApp(async (ask) => {
    const { status, body } = await ask("/run/fib", { n: 20, id: 7 });
    const { pid, cpu_us, ...rest } = body;
    assert.equal(status, 200);
    assert.deepEqual(rest, { function: "fib", id: 7, job: "fib", result: "6765" });
    assert.ok(Number(pid) > 1 && Number(cpu_us) > 0);
    assert.equal((await ask("/run/tenant/fib", { n: 10, id: 1 })).body.result, "55");
  }));

Deno.test("POST /run/FUNCTION runs the body's job, with n and id as decimal strings", () =>
  withApp(async (ask) => {
    const { status, body } = await ask("/run/fib-18", { n: "20", id: "18", job: "fib" });
    assert.equal(status, 200);
    assert.deepEqual([body.function, body.id, body.job, body.result], ["fib-18", 18, "fib", "6765"]);
  }));

Deno.test("POST /run/FUNCTION decodes hostile names, which the process gets", () =>
  withApp(async (ask, server) => {
    const names = [
      "a\nb\r\n",
      "a/b",
      "a/../b",
      "%41",
      "größe 日本",
      "?#&",
      '"\\',
      "x".repeat(255),
      "é".repeat(127),
    ];
    for (const name of names) {
      const { status, body } = await ask(`/run/${encodeURIComponent(name)}`, { n: 5, id: 1, job: "fib" });
      assert.deepEqual([status, body.function, body.result], [200, name, "5"]);
    }
    const running = ask("/run/new%0Aline%2Fslash", { n: 50, id: 1, job: "fib" });
    Deno.kill(await childNamed(server, "new\nline/slash"), "SIGKILL");
    assert.equal((await running).status, 500);
  }));

Deno.test("POST /run/FUNCTION answers wrong names with 400", () =>
  withApp(async (ask) => {
    const cases: [path: string, detail: RegExp][] = [
      ["/run/", /^function: must not be empty/],
      ["/run/%ff", /^function: must be percent-encoded UTF-8, not "%ff"$/],
      ["/run/%4", /^function: must be percent-encoded UTF-8/],
      ["/run/a%00b", /^function: must not have a NUL/],
      [`/run/${"x".repeat(256)}`, /^function: must be at most 255 bytes long, not 256$/],
      [`/run/${"%C3%A9".repeat(128)}`, /^function: must be at most 255 bytes long, not 256$/],
    ];
    for (const [path, detail] of cases) {
      const { status, type, body } = await ask(path, { n: 1, id: 1, job: "fib" });
      assert.equal(status, 400, path);
      assert.equal(type, "application/problem+json");
      assert.match(String(body.detail), detail);
      assert.deepEqual((body.errors as { field: string }[]).map(({ field }) => field), ["function"]);
    }
  }));

Deno.test("POST /run/FUNCTION answers a wrong body with 400 naming the field", () =>
  withApp(async (ask) => {
    const cases: [body: unknown, fields: string[]][] = [
      ["", [""]],
      ["{", [""]],
      ["[]", [""]],
      ["null", [""]],
      ["7", [""]],
      [{}, ["n", "id"]],
      [{ n: 1 }, ["id"]],
      [{ id: 1 }, ["n"]],
      [{ n: "x", id: 1 }, ["n"]],
      [{ n: "", id: 1 }, ["n"]],
      [{ n: " 1", id: 1 }, ["n"]],
      [{ n: "0x10", id: 1 }, ["n"]],
      [{ n: "1e3", id: 1 }, ["n"]],
      [{ n: -1, id: 1 }, ["n"]],
      [{ n: 1.5, id: 1 }, ["n"]],
      [{ n: null, id: 1 }, ["n"]],
      [{ n: [1], id: 1 }, ["n"]],
      [{ n: 2 ** 53, id: 1 }, ["n"]],
      [{ n: "9999999999999999", id: 1 }, ["n"]],
      [{ n: 1, id: {} }, ["id"]],
      [{ n: 1, id: 1, job: 5 }, ["job"]],
      [{ n: 51, id: 1 }, ["n"]],
    ];
    for (const [sent, fields] of cases) {
      const { status, type, body } = await ask("/run/fib", sent);
      assert.equal(status, 400, JSON.stringify(sent));
      assert.equal(type, "application/problem+json");
      assert.deepEqual(
        (body.errors as { field: string }[]).map(({ field }) => field),
        fields,
        JSON.stringify(sent),
      );
    }
    assert.equal((await ask("/run/fib", { n: 51, id: 1 })).body.detail, "n: must be 0 to 50 for fib, not 51");
    assert.equal(
      (await ask("/run/fib", { n: "x", id: 1 })).body.detail,
      'n: must be a whole number, 0 or more, as a number or a decimal string, not "x"',
    );
  }));

Deno.test("POST /run/FUNCTION refuses a body that is too large, announced or not", () =>
  withApp(async (ask) => {
    const large = JSON.stringify({ n: 1, id: 1, job: "x".repeat(70_000) });
    assert.equal(
      (await ask("/run/fib", large, { headers: { "Content-Length": String(large.length) } })).status,
      413,
    );
    assert.equal((await ask("/run/fib", large)).status, 413);
  }));

Deno.test("POST /run/FUNCTION answers an unknown job with 404 and the jobs there are", () =>
  withApp(async (ask) => {
    const { status, type, body } = await ask("/run/fib", { n: 1, id: 1, job: "toString" });
    assert.equal(status, 404);
    assert.equal(type, "application/problem+json");
    assert.match(String(body.detail), /^there is no job "toString"; the jobs are fib, graphBfs, /);
    assert.equal((await ask("/run/nope", { n: 1, id: 1 })).status, 404);
  }));

Deno.test("POST /run/FUNCTION answers 500 with pid and signal for an invocation that died", () =>
  withApp(async (ask, server) => {
    const running = ask("/run/victim", { n: 50, id: 1, job: "fib" });
    const pid = await childNamed(server, "victim");
    Deno.kill(pid, "SIGSEGV");
    const { status, type, body } = await running;
    assert.equal(status, 500);
    assert.equal(type, "application/problem+json");
    assert.deepEqual([body.pid, body.signal, body.detail], [
      pid,
      "SIGSEGV",
      `process ${pid} was ended by SIGSEGV`,
    ]);
  }));

Deno.test("POST /run/FUNCTION runs a command, with n in its arguments", () => {
  const commands: Commands = new Map([
    ["exits", ["/bin/sh", "-c", "exit {n}"]],
    ["team/tool", ["/bin/true"]],
    ["missing", ["/no/such/program"]],
    ["dies", ["/bin/sh", "-c", "kill -TERM $$"]],
  ]);
  return withApp(async (ask) => {
    const good = await ask("/run/exits", { n: 0, id: 3 });
    assert.equal(good.status, 200);
    assert.deepEqual([good.body.function, good.body.id, good.body.result], ["exits", 3, ""]);
    assert.equal((await ask("/run/team%2Ftool", { n: 0, id: 3 })).status, 200);
    const bad = await ask("/run/exits", { n: 7, id: 3 });
    assert.deepEqual([bad.status, bad.body.exit_status], [500, 7]);
    assert.ok(Number(bad.body.pid) > 1);
    const missing = await ask("/run/missing", { n: 7, id: 3 });
    assert.deepEqual([missing.status, missing.body.detail], [
      500,
      "cannot execute /no/such/program: No such file or directory",
    ]);
    const dies = await ask("/run/dies", { n: 7, id: 3 });
    assert.deepEqual([dies.status, dies.body.signal], [500, "SIGTERM"]);
    assert.equal((await ask("/run/fib", { n: 10, id: 3 })).body.result, "55");
    assert.match(
      String((await ask("/run/nope", { n: 7, id: 3 })).body.detail),
      /^there is no job "nope", and no command "nope"; the jobs are fib, /,
    );
  }, commands);
});

Deno.test("GET /functions lists jobs with their range, and commands", () =>
  withApp(async (ask) => {
    const { status, body } = await ask("/functions");
    assert.equal(status, 200);
    assert.deepEqual((body.jobs as unknown[])[0], { name: "fib", n_least: 0, n_most: 50 });
    assert.equal((body.jobs as unknown[]).length, 6);
    assert.deepEqual(body.commands, [{ name: "mine", argv: ["/bin/true", "{n}"] }]);
  }, new Map([["mine", ["/bin/true", "{n}"]]])));

Deno.test("GET /healthz tells whether the native parent lives", () =>
  withApp(async (ask, server) => {
    assert.deepEqual((await ask("/healthz")).body, { status: "ok", pid: server.pid });
    const running = ask("/run/fib", { n: 50, id: 1 });
    await childNamed(server, "fib");
    Deno.kill(server.pid, "SIGKILL");
    for (const answer of [await running, await ask("/healthz"), await ask("/run/fib", { n: 1, id: 1 })]) {
      assert.equal(answer.status, 503);
      assert.equal(answer.type, "application/problem+json");
      assert.match(String(answer.body.detail), /^the native parent of the functions .* ended by SIGKILL$/);
    }
  }));

Deno.test("what is not there is answered with 404 as a problem", () =>
  withApp(async (ask) => {
    for (const path of ["/", "/run", "/run/fib", "/runs/fib"]) {
      const { status, type } = await ask(path);
      assert.deepEqual([status, type], [404, "application/problem+json"], path);
    }
    assert.equal(
      (await ask("/nope", { n: 1, id: 1 })).body.detail,
      'there is no POST "/nope"; wanted POST /run/NAME',
    );
  }));
