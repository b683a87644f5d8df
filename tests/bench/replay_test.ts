import assert from "node:assert/strict";
import { replay, runUrl } from "../../bench/replay.ts";
import type { TraceRow } from "../../traces/alps.ts";

/** A host that answers as a handler says. */
function serve(handler: (request: Request, body: unknown) => Response | Promise<Response>) {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => handler(request, JSON.parse(await request.text())),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function rowsOf(count: number, everyMs: number): TraceRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    n: 30 + index,
    job: "fib",
    function: "fib-18",
    dueMs: index * everyMs,
  }));
}

Deno.test("replay() sends the rest while the first answer hangs", async () => {
  const gate = Promise.withResolvers<void>();
  const order: unknown[] = [];
  let seen = 0;
  await using host = serve(async (_, body) => {
    const { id } = body as { id: number };
    if (++seen === 50) gate.resolve();
    // The first is answered only when all have come: one that waited for it would wait for ever.
    if (id === 1) await gate.promise;
    order.push(id);
    return Response.json({ pid: 100 + id, cpu_us: 2500 });
  });
  const { requests } = await replay({ rows: rowsOf(50, 2), targetUrl: host.url });
  assert.equal(order.length, 50);
  assert.deepEqual(requests.map(({ row }) => row.id), rowsOf(50, 2).map(({ id }) => id));
  assert.deepEqual(requests.map(({ pid }) => pid), rowsOf(50, 2).map(({ id }) => 100 + id));
  assert.ok(
    requests.every(({ error, status, cpuMs }) => error === undefined && status === 200 && cpuMs === 2.5),
  );
});

Deno.test("replay() has no limit on requests under way", async () => {
  const gate = Promise.withResolvers<void>();
  let seen = 0;
  await using host = serve(async () => {
    if (++seen === 500) gate.resolve();
    await gate.promise;
    return Response.json({});
  });
  const { requests } = await replay({ rows: rowsOf(500, 0), targetUrl: host.url });
  assert.equal(requests.filter(({ error }) => error === undefined).length, 500);
});

Deno.test("replay() sends no request before it is due, at its speed", async () => {
  await using host = serve(() => Response.json({}));
  const { requests, startMs } = await replay({ rows: rowsOf(5, 40), targetUrl: host.url, speed: 2 });
  for (const [index, { dueMs, sentMs, answeredMs }] of requests.entries()) {
    assert.ok(Math.abs(dueMs - (startMs + index * 20)) < 0.01, `${dueMs - startMs}`);
    assert.ok(sentMs >= dueMs);
    assert.ok(answeredMs! >= sentMs);
  }
});

Deno.test("replay() posts n, id and job to the function's path, or to what it runs as", async () => {
  const seen: unknown[] = [];
  await using host = serve((request, body) => {
    seen.push([request.method, new URL(request.url).pathname, body]);
    return Response.json({});
  });
  const rows: TraceRow[] = [{ id: 7, n: 31, job: "fib", function: "a/b ü-1", dueMs: 0 }];
  await replay({ rows, targetUrl: host.url });
  await replay({ rows, targetUrl: `${host.url}/below/`, runAs: (name) => name.toUpperCase() });
  const body = { n: 31, id: 7, job: "fib" };
  assert.deepEqual(seen, [
    ["POST", "/run/a%2Fb%20%C3%BC-1", body],
    ["POST", "/below/run/A%2FB%20%C3%9C-1", body],
  ]);
});

Deno.test("replay() notes what went wrong, request by request", async () => {
  await using host = serve((_, body) => {
    const { id } = body as { id: number };
    if (id === 1) return Response.json({ detail: "process 5 was ended by SIGKILL", pid: 5 }, { status: 500 });
    if (id === 2) return new Response("not JSON");
    if (id === 3) return new Response(null, { status: 302, headers: { Location: "/" } });
    return new Response("[".repeat(200_000));
  });
  const { requests } = await replay({ rows: rowsOf(4, 0), targetUrl: host.url });
  assert.deepEqual(requests.map(({ error }) => error), [
    "status 500: process 5 was ended by SIGKILL",
    undefined,
    "status 302",
    undefined,
  ]);
  assert.deepEqual(requests.map(({ pid }) => pid), [5, undefined, undefined, undefined]);
});

Deno.test("replay() notes when nobody listens", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const { requests } = await replay({ rows: rowsOf(2, 1), targetUrl: `http://127.0.0.1:${port}` });
  for (const { error, status, answeredMs } of requests) {
    assert.match(error!, /connect/i);
    assert.equal(status, undefined);
    assert.equal(answeredMs, undefined);
  }
});

Deno.test("replay() gives up on answers that do not come", async () => {
  const gate = Promise.withResolvers<void>();
  await using host = serve(async (_, body) => {
    if ((body as { id: number }).id === 2) await gate.promise;
    return Response.json({});
  });
  const { requests } = await replay({ rows: rowsOf(3, 0), targetUrl: host.url, patienceMs: 300 });
  gate.resolve();
  assert.equal(requests[1]!.error, "no answer");
  assert.equal(requests[1]!.answeredMs, undefined);
});

Deno.test("replay() ends when it is told to", async () => {
  const stop = new AbortController();
  let seen = 0;
  await using host = serve(() => {
    if (++seen === 2) stop.abort(new Error("enough"));
    return Response.json({});
  });
  const rows = rowsOf(3, 50).map((row) => row.id === 3 ? { ...row, dueMs: 3_600_000 } : row);
  await assert.rejects(replay({ rows, targetUrl: host.url, signal: stop.signal }), /enough/);
  await assert.rejects(replay({ rows, targetUrl: host.url, signal: stop.signal }), /enough/);
  assert.equal(seen, 2);
});

Deno.test("replay() goes past a proxy of the environment", async () => {
  await using host = serve(() => Response.json({}));
  const script = `
    import { replay } from ${JSON.stringify(import.meta.resolve("../../bench/replay.ts"))};
    const rows = [{ id: 1, n: 1, job: "fib", function: "fib-1", dueMs: 0 }];
    const { requests } = await replay({ rows, targetUrl: ${JSON.stringify(host.url)} });
    console.log(requests[0].status, Deno.env.get("NO_PROXY"));`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    env: {
      HTTP_PROXY: "http://127.0.0.1:9",
      http_proxy: "http://127.0.0.1:9",
      NO_PROXY: "other",
      no_proxy: "",
    },
    stderr: "inherit",
  }).output();
  assert.equal(new TextDecoder().decode(stdout).trim(), "200 other");
});

Deno.test("replay() tells how far it is, and refuses a speed of 0", async () => {
  await using host = serve(() => Response.json({}));
  const reports: [number, number][] = [];
  const onProgress = (sent: number, answered: number) => void reports.push([sent, answered]);
  await replay({ rows: rowsOf(10, 1), targetUrl: host.url, onProgress });
  assert.deepEqual(reports.at(-1), [10, 10]);
  await assert.rejects(replay({ rows: [], targetUrl: host.url, speed: 0 }), RangeError);
});

Deno.test("runUrl() keeps a name in one part of the path", () => {
  assert.equal(runUrl(new URL("http://h:1"), "../x?y#z").href, "http://h:1/run/..%2Fx%3Fy%23z");
});
