/** `alps-agent host` as a process of its own. */
import assert from "node:assert/strict";
import { startHost } from "../../host/host.ts";
import { childrenOf, eventually, isAlive, readComm } from "./processes.ts";

const MAIN = new URL("./host_main.ts", import.meta.url).pathname;

function spawnHost(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--quiet", MAIN, ...args],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits for the line that tells where the host listens; `rest` reads what it prints after that. */
async function listening(
  host: Deno.ChildProcess,
): Promise<{ url: string; line: string; rest: () => Promise<string> }> {
  const reader = host.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const readUntil = async (enough: () => boolean) => {
    while (!enough()) {
      const { value, done } = await reader.read();
      if (done) return;
      text += value;
    }
  };
  await readUntil(() => text.includes("\n"));
  const line = text.slice(0, text.indexOf("\n") + 1);
  const url = line.replace("listening on ", "").trim();
  return { url, line, rest: () => readUntil(() => false).then(() => text.slice(line.length)) };
}

function post(url: string, name: string, body: unknown): Promise<Response> {
  return fetch(`${url}/run/${encodeURIComponent(name)}`, { method: "POST", body: JSON.stringify(body) });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`runHost() prints where it listens, and at ${signal} ends with all that it started`, async () => {
    const host = spawnHost("127.0.0.1:0");
    const { url, line, rest } = await listening(host);
    assert.match(line, /^listening on http:\/\/127\.0\.0\.1:[1-9]\d*\n$/);
    // It answers as soon as it has said so.
    assert.equal((await (await post(url, "fib", { n: 10, id: 1 })).json()).result, "55");
    const parent = await eventually(() => childrenOf(host.pid).find((pid) => readComm(pid) === "alps-host"));
    const unfinished = post(url, "long", { n: 50, id: 2, job: "fib" });
    const child = await eventually(() => childrenOf(parent).find((pid) => readComm(pid) === "long"));

    host.kill(signal);
    const answer = await unfinished;
    assert.equal(answer.status, 503);
    assert.equal((await answer.json()).detail, "the host is stopping");
    assert.equal((await host.status).code, 0);
    assert.deepEqual([parent, child].filter(isAlive), []);
    assert.equal(await rest(), "", "one line on standard output");
    await host.stderr.cancel();
  });
}

Deno.test("runHost() ends with status 1 and one line when its native parent dies", async () => {
  const host = spawnHost("127.0.0.1:0");
  const { rest } = await listening(host);
  Deno.kill(
    await eventually(() => childrenOf(host.pid).find((pid) => readComm(pid) === "alps-host")),
    "SIGKILL",
  );
  assert.equal((await host.status).code, 1);
  const stderr = await new Response(host.stderr).text();
  assert.match(stderr, /^the native parent of the functions \(process \d+\) ended by SIGKILL\n$/);
  await rest();
});

Deno.test("runHost() killed outright leaves no process", async () => {
  const host = spawnHost("127.0.0.1:0");
  const { url, rest } = await listening(host);
  const parent = await eventually(() => childrenOf(host.pid).find((pid) => readComm(pid) === "alps-host"));
  const unfinished = assert.rejects(post(url, "long", { n: 50, id: 2, job: "fib" }));
  const child = await eventually(() => childrenOf(parent).find((pid) => readComm(pid) === "long"));
  host.kill("SIGKILL");
  await host.status;
  await unfinished;
  await eventually(() => ![parent, child].some(isAlive));
  await rest();
  await host.stderr.cancel();
});

Deno.test("runHost() says in one line why it cannot start", async () => {
  const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, '{"a": "/bin/a"}');
  try {
    const cases: [args: string[], status: number, message: RegExp][] = [
      [[`127.0.0.1:${taken.addr.port}`], 1, /^cannot listen on 127\.0\.0\.1:\d+: the port is in use; .*\n$/],
      [["127.0.0.1:0", "/no/such/file"], 1, /^cannot read commands from "\/no\/such\/file": .*\n$/],
      [["127.0.0.1:0", file], 1, /^cannot read commands from ".*": "a": .*\n$/],
      [["nowhere"], 2, /^cannot listen on "nowhere": there is no port; wanted .*\n$/],
    ];
    for (const [args, status, message] of cases) {
      const { code, stdout, stderr } = await spawnHost(...args).output();
      const text = new TextDecoder().decode(stderr);
      assert.match(text, message);
      assert.equal(text.trimEnd().split("\n").length, 1);
      assert.equal(code, status);
      assert.equal(stdout.length, 0);
    }
  } finally {
    taken.close();
    await Deno.remove(file);
  }
});

Deno.test("startHost() serves 50 requests at once over HTTP", async () => {
  await using host = await startHost({ listen: "127.0.0.1:0" });
  const answers = await Promise.all(
    Array.from({ length: 50 }, async (_, id) => {
      const response = await post(host.url, `f/${id}\n`, { n: String(id % 20), id, job: "fib" });
      assert.equal(response.status, 200);
      return await response.json();
    }),
  );
  assert.deepEqual(
    answers.map((answer) => [answer.function, answer.id]),
    answers.map((_, id) => [`f/${id}\n`, id]),
  );
  assert.equal(new Set(answers.map((answer) => answer.pid)).size, 50);
});

Deno.test("startHost() runs the commands of a file", async () => {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, '{"nap": ["/bin/sleep", "{n}"], /* at once */ "yes": ["/bin/true"]}');
    await using host = await startHost({ listen: "127.0.0.1:0", commands: file });
    assert.equal((await (await post(host.url, "yes", { n: 1, id: 5 })).json()).id, 5);
    const unfinished = post(host.url, "nap", { n: 1000, id: 6 });
    const pid = await eventually(() =>
      childrenOf(host.parentPid).find((child) => readComm(child) === "sleep")
    );
    assert.equal(Deno.readTextFileSync(`/proc/${pid}/cmdline`), "/bin/sleep\x001000\0");
    Deno.kill(pid, "SIGKILL");
    assert.equal((await (await unfinished).json()).signal, "SIGKILL");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("stop() ends a host whose clients keep their connections open", async () => {
  const host = await startHost({ listen: "127.0.0.1:0" });
  const { hostname, port } = new URL(host.url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  await connection.write(new TextEncoder().encode("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"));
  await connection.read(new Uint8Array(1024));
  await host.stop();
  assert.equal(await host.ended, undefined);
  assert.equal(isAlive(host.parentPid), false);
});
