import assert from "node:assert/strict";
import { createApp } from "../../api/app.ts";
import { type RunningServer, ServerError, type ServerOptions, startServer } from "../../api/server.ts";
import { FakeView } from "./fake_view.ts";

/** A folder for the time of one test. */
async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "alps-api-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function start(options: Omit<ServerOptions, "app">): Promise<RunningServer> {
  return startServer({ app: createApp(new FakeView(), { security: {} }), ...options });
}

/** Sends text over a connection, half-closes it, and returns what comes back. */
async function exchange(connection: Deno.Conn, text: string): Promise<string> {
  using conn = connection;
  await conn.write(new TextEncoder().encode(text));
  return await new Response(conn.readable).text();
}

async function overTcp(server: RunningServer, head: string, body = ""): Promise<string> {
  const { hostname, port } = server.address ?? { hostname: "", port: 0 };
  return await exchange(
    await Deno.connect({ hostname, port }),
    `${head}\r\nConnection: close\r\n\r\n${body}`,
  );
}

async function overUnix(path: string, head: string, body = ""): Promise<string> {
  return await exchange(
    await Deno.connect({ transport: "unix", path }),
    `${head}\r\nConnection: close\r\n\r\n${body}`,
  );
}

const PIN = '{"priority": 3}';
const PUT =
  `PUT /priority/fib HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${PIN.length}`;

async function refusal(options: Omit<ServerOptions, "app">): Promise<ServerError> {
  try {
    await (await start(options)).stop();
  } catch (error) {
    assert.ok(error instanceof ServerError, String(error));
    assert.match(error.message, /^cannot listen on [^\n]+$/);
    return error;
  }
  throw new Error(`started with ${JSON.stringify(options)}`);
}

Deno.test("startServer() serves on a port that the kernel chose, and says which", async () => {
  await using server = await start({ listen: "127.0.0.1:0" });
  assert.equal(server.address?.hostname, "127.0.0.1");
  assert.ok((server.address?.port ?? 0) > 0);
  assert.equal(server.url, `http://127.0.0.1:${server.address?.port}`);
  const answer = await fetch(`${server.url}/priority`);
  assert.equal((await answer.json()).backend, "stock");
});

Deno.test("startServer() serves on a name", async () => {
  await using server = await start({ listen: "localhost:0" });
  assert.deepEqual(await (await fetch(`${server.url}/healthz`)).json(), { status: "ok" });
});

Deno.test("startServer() serves on IPv6, or says that this machine has none", async () => {
  const addresses = await Deno.readTextFile("/proc/net/if_inet6").catch(() => "");
  if (!addresses.includes("00000000000000000000000000000001")) {
    assert.ok((await refusal({ listen: "[::1]:0" })).message.startsWith("cannot listen on [::1]:0: "));
    return;
  }
  await using server = await start({ listen: "[::1]:0" });
  assert.equal(server.url, `http://[::1]:${server.address?.port}`);
  assert.deepEqual(await (await fetch(`${server.url}/priority`)).json(), new FakeView().priorities());
});

Deno.test("startServer() lets TCP read and the Unix socket write", async () => {
  await withFolder(async (folder) => {
    const socketPath = `${folder}/agent.sock`;
    await using server = await start({ listen: "127.0.0.1:0", socketPath });
    assert.equal(server.socketPath, socketPath);
    assert.match(await overTcp(server, "GET /priority HTTP/1.1\r\nHost: localhost"), /^HTTP\/1.1 200 /);
    assert.match(await overTcp(server, PUT, PIN), /^HTTP\/1.1 403 /);
    assert.match(await overUnix(socketPath, "GET /priority HTTP/1.1\r\nHost: localhost"), /^HTTP\/1.1 200 /);
    assert.match(await overUnix(socketPath, PUT, PIN), /^HTTP\/1.1 200 [^]*"source":"pinned"/);
  });
});

Deno.test("startServer() takes a chunked body, and names as they were sent", async () => {
  await withFolder(async (folder) => {
    const socketPath = `${folder}/agent.sock`;
    await using _server = await start({ socketPath });
    const head =
      "PUT /priority/a%2Fb%20%C3%BC HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
      "Transfer-Encoding: chunked";
    const answer = await overUnix(socketPath, head, `${PIN.length.toString(16)}\r\n${PIN}\r\n0\r\n\r\n`);
    assert.match(answer, /^HTTP\/1.1 200 [^]*"name":"a\/b ü"/);
    // A name may be two dots, which a client's URL library would take away: nothing may be decided on what it leaves.
    assert.match(
      await overUnix(socketPath, "GET /healthz/../priority HTTP/1.1\r\nHost: localhost"),
      /^HTTP\/1.1 404 /,
    );
    assert.match(
      await overUnix(socketPath, "GET /priority/.. HTTP/1.1\r\nHost: localhost"),
      /^HTTP\/1.1 404 [^]*no function/,
    );
  });
});

Deno.test("startServer() answers a body that is too large with 413", async () => {
  await withFolder(async (folder) => {
    const socketPath = `${folder}/agent.sock`;
    await using _server = await start({ socketPath });
    const head =
      "PUT /priority/fib HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 70000";
    assert.match(await overUnix(socketPath, head, "x".repeat(70000)), /^HTTP\/1.1 413 /);
  });
});

Deno.test("startServer() passes on a foreign Host, which is refused over TCP", async () => {
  await using server = await start({ listen: "127.0.0.1:0" });
  const foreign = [
    "GET /priority HTTP/1.1\r\nHost: evil.example",
    "GET /priority HTTP/1.1\r\nHost: [::1",
    "GET http://evil.example/priority HTTP/1.1\r\nHost: localhost",
    "GET http://localhost/priority HTTP/1.1\r\nHost: evil.example",
  ];
  for (const head of foreign) {
    assert.match(await overTcp(server, head), /^HTTP\/1.1 403 [^]*problem\+json/, head);
  }
  const own = `GET /priority HTTP/1.1\r\nHost: 127.0.0.1:${server.address?.port}`;
  assert.match(await overTcp(server, own), /^HTTP\/1.1 200 /);
});

Deno.test("startServer() on every address wants a token for reading, from loopback too", async () => {
  await using server = await start({ listen: "0.0.0.0:0" });
  const port = server.address?.port ?? 0;
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 200);
  const answer = await fetch(`http://127.0.0.1:${port}/priority`);
  assert.equal(answer.status, 403);
  assert.match(await answer.text(), /--token-file/);
});

Deno.test("startServer() makes the socket's folder, and gives the socket mode 0660", async () => {
  await withFolder(async (folder) => {
    const socketPath = `${folder}/run/alps/agent.sock`;
    const server = await start({ socketPath });
    const info = await Deno.lstat(socketPath);
    assert.ok(info.isSocket);
    assert.equal((info.mode ?? 0) & 0o777, 0o660);
    assert.equal(((await Deno.stat(`${folder}/run/alps`)).mode ?? 0) & 0o777, 0o755);
    assert.deepEqual([...Deno.readDirSync(`${folder}/run/alps`)].map(({ name }) => name), ["agent.sock"]);
    await server.stop();
    await server.stop();
    assert.deepEqual([...Deno.readDirSync(`${folder}/run/alps`)], []);
  });
});

Deno.test("startServer() replaces a socket that nobody answers on", async () => {
  await withFolder(async (folder) => {
    const socketPath = `${folder}/agent.sock`;
    // Closing a listener removes its file, so the file is moved out of its way: what a killed agent leaves behind.
    const killed = Deno.listen({ transport: "unix", path: `${socketPath}.old` });
    await Deno.rename(`${socketPath}.old`, socketPath);
    killed.close();
    assert.ok((await Deno.lstat(socketPath)).isSocket);
    await using _server = await start({ socketPath });
    assert.match(await overUnix(socketPath, "GET /healthz HTTP/1.1\r\nHost: localhost"), /^HTTP\/1.1 200 /);
  });
});

Deno.test("startServer() refuses a socket that somebody answers on, and leaves it alone", async () => {
  await withFolder(async (folder) => {
    const socketPath = `${folder}/agent.sock`;
    await using _first = await start({ socketPath });
    assert.equal((await refusal({ socketPath })).reason, "in_use");
    assert.match(await overUnix(socketPath, "GET /healthz HTTP/1.1\r\nHost: localhost"), /^HTTP\/1.1 200 /);
  });
});

Deno.test("startServer() refuses a path that is a file or a folder, and leaves it alone", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "precious");
    assert.match((await refusal({ socketPath: `${folder}/file` })).message, /not a socket/);
    assert.equal(await Deno.readTextFile(`${folder}/file`), "precious");
    assert.match((await refusal({ socketPath: folder })).message, /not a socket/);
    assert.equal((await refusal({ socketPath: `${folder}/file/agent.sock` })).reason, "failed");
  });
});

Deno.test("startServer() refuses a path that no socket address can hold", async () => {
  await withFolder(async (folder) => {
    const error = await refusal({ socketPath: `${folder}/${"x".repeat(107)}` });
    assert.match(error.message, /bytes: must have at most 107/);
  });
});

Deno.test("startServer() refuses a port in use, and opens nothing then", async () => {
  await withFolder(async (folder) => {
    await using first = await start({ listen: "127.0.0.1:0" });
    const listen = `127.0.0.1:${first.address?.port}`;
    const error = await refusal({ listen, socketPath: `${folder}/agent.sock` });
    assert.equal(error.reason, "in_use");
    assert.ok(error.message.includes(listen));
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  });
});

Deno.test("startServer() closes the port again where the socket cannot be opened", async () => {
  await withFolder(async (folder) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const listen = `127.0.0.1:${listener.addr.port}`;
    listener.close();
    await Deno.writeTextFile(`${folder}/file`, "");
    await refusal({ listen, socketPath: `${folder}/file` });
    await using server = await start({ listen });
    assert.equal((await fetch(`${server.url}/healthz`)).status, 200);
  });
});

Deno.test("startServer() says what is wrong with an address", async () => {
  assert.equal((await refusal({ listen: "nonsense" })).reason, "address");
  // An address that is set aside for documentation, so no machine has it.
  assert.match((await refusal({ listen: "192.0.2.1:0" })).message, /does not have that address/);
});

Deno.test("startServer(): stop() does not wait for ever for a client that never ends its request", async () => {
  await withFolder(async (folder) => {
    const socketPath = `${folder}/agent.sock`;
    const begun = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const app = {
      async fetch(request: Request) {
        begun.resolve();
        await request.text().catch(() => {});
        ended.resolve();
        return new Response();
      },
    };
    const server = await startServer({ app, socketPath, graceMs: 20 });
    const connection = await Deno.connect({ transport: "unix", path: socketPath });
    await connection.write(new TextEncoder().encode(`${PUT}0\r\n\r\n{`));
    await begun.promise;
    await server.stop();
    await assert.rejects(Deno.lstat(socketPath), Deno.errors.NotFound);
    connection.close();
    await ended.promise;
  });
});

Deno.test("startServer(): stop() leaves a socket that is not ours any more", async () => {
  await withFolder(async (folder) => {
    const socketPath = `${folder}/agent.sock`;
    const server = await start({ socketPath });
    await Deno.remove(socketPath);
    await using _next = await start({ socketPath });
    await server.stop();
    assert.match(await overUnix(socketPath, "GET /healthz HTTP/1.1\r\nHost: localhost"), /^HTTP\/1.1 200 /);
  });
});
