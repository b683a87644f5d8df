import assert from "node:assert/strict";
import { FailedError } from "../../cli/errors.ts";
import { replay } from "../../bench/replay.ts";
import type { TraceRow } from "../../bench/trace.ts";
import { type HostOptions, startHost } from "../../host/host.ts";

/** A host with a socket, in a folder of its own. */
async function startDirectHost(options: Partial<HostOptions> = {}) {
  const folder = await Deno.makeTempDir();
  const direct = `${folder}/host.sock`;
  const host = await startHost({ listen: "127.0.0.1:0", direct, ...options });
  return {
    direct,
    targetUrl: host.url,
    parentPid: host.parentPid,
    async [Symbol.asyncDispose]() {
      await host.stop();
      // The native parent has taken its socket away.
      assert.deepEqual([...Deno.readDirSync(folder)], []);
      await Deno.remove(folder);
    },
  };
}

function row(id: number, fields: Partial<TraceRow> = {}): TraceRow {
  return { id, n: 20, job: "fib", function: "fib-18", dueMs: id, ...fields };
}

Deno.test("replay() over the host's socket runs each request, with pid and CPU time in the answer", async () => {
  await using host = await startDirectHost();
  const rows = Array.from(
    { length: 200 },
    (_, id) => row(id, { n: 15 + id % 10, function: `f/${id % 3}\n` }),
  );
  const { requests } = await replay({ rows, ...host });
  assert.deepEqual(requests.map(({ error }) => error).filter((error) => error !== undefined), []);
  assert.equal(new Set(requests.map(({ pid }) => pid)).size, 200);
  assert.ok(
    requests.every(({ cpuMs, sentMs, dueMs, answeredMs }) =>
      cpuMs! > 0 && sentMs >= dueMs && answeredMs! >= sentMs
    ),
  );
});

Deno.test("replay() over the host's socket serves one replay after another", async () => {
  await using host = await startDirectHost({ warm: true });
  for (let turn = 0; turn < 3; turn++) {
    const { requests } = await replay({ rows: Array.from({ length: 5 }, (_, id) => row(id)), ...host });
    assert.deepEqual(requests.map(({ error }) => error), Array(5).fill(undefined));
  }
});

Deno.test("replay() over the host's socket runs programs, and tells how they failed", async () => {
  const commands = await Deno.makeTempFile();
  await Deno.writeTextFile(
    commands,
    '{"no": ["/bin/false"], "gone": ["/bin/nothing"], "yes": ["/bin/true", "{n}"]}',
  );
  {
    await using host = await startDirectHost({ commands });
    const rows = ["no", "gone", "yes"].map((name, id) => row(id, { job: name, function: name }));
    const { requests } = await replay({ rows, ...host });
    assert.deepEqual(requests.map(({ error }) => error?.replace(/:.*/, "")), [
      "exit status 1",
      "cannot execute /bin/nothing",
      undefined,
    ]);
  }
  await Deno.remove(commands);
});

Deno.test("replay() over the host's socket tells what the host refuses before anything is sent", async () => {
  await using host = await startDirectHost();
  await assert.rejects(replay({ rows: [row(1), row(2, { job: "none" })], ...host }), (error) => {
    assert.ok(error instanceof FailedError);
    assert.match(error.message, /^cannot prepare .*: there is no job "none"/);
    return true;
  });
});

Deno.test("a client of the host's socket that goes away is forgotten, its answers too", async () => {
  await using host = await startDirectHost();
  const client = await Deno.connect({ transport: "unix", path: host.direct });
  await client.write(new TextEncoder().encode("run 0 f fib 32\nrun 1 f fib 32\nrun x\nnonsense"));
  client.close();
  const { requests } = await replay({ rows: [row(0), row(1)], ...host });
  assert.deepEqual(requests.map(({ error }) => error), [undefined, undefined]);
  assert.ok(
    requests.every(({ cpuMs }) => cpuMs! < 50),
    "answers to the other client's, which ran for longer",
  );
});

Deno.test("the host's socket is this user's alone; a stale one is replaced, one in use is not", async () => {
  const folder = await Deno.makeTempDir(), direct = `${folder}/host.sock`;
  const first = await startHost({ listen: "127.0.0.1:0", direct });
  assert.equal(Deno.statSync(direct).mode! & 0o777, 0o700);
  await assert.rejects(startHost({ listen: "127.0.0.1:0", direct }), /in use/);
  Deno.kill(first.parentPid, "SIGKILL");
  await first.ended;
  assert.ok(Deno.statSync(direct).isSocket);
  const second = await startHost({ listen: "127.0.0.1:0", direct });
  const { requests } = await replay({ rows: [row(1)], targetUrl: second.url, direct });
  assert.equal(requests[0]!.error, undefined);
  await second.stop();
  await first.stop();
  await Deno.remove(folder, { recursive: true });
});
