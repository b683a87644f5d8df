import assert from "node:assert/strict";
import { join } from "node:path";
import { runScript } from "./commands.ts";

/** A host whose function fib-18 always fails, and a folder with files. `onRun` is told of each request. */
async function withHost(
  files: Record<string, string>,
  use: (url: string, folder: string) => Promise<void>,
  onRun: (id: number, folder: string) => void = () => {},
): Promise<void> {
  const folder = await Deno.makeTempDir();
  let pid = 100;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    onRun((await request.json()).id, folder);
    return new URL(request.url).pathname.endsWith("/fib-18")
      ? Response.json({ detail: "out of luck" }, { status: 500 })
      : Response.json({ pid: pid++, cpu_us: 2000 });
  });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder, name), text);
    await use(`http://127.0.0.1:${server.addr.port}`, folder);
  } finally {
    await server.shutdown();
    await Deno.remove(folder, { recursive: true });
  }
}

const TRACE = "1 23 fib 10 5002\n2 28 fib 10 5006\n3 24 fib 10 5002\n";

Deno.test("alps-agent replay --json prints one document with what was measured", async () => {
  await withHost({ trace: TRACE }, async (url, folder) => {
    const { status, stdout, stderr } = await runScript(
      "agent.ts",
      ...[
        "replay",
        "--trace",
        join(folder, "trace"),
        "--target",
        url,
        "--speed",
        "2",
        "--limit",
        "2",
        "--json",
      ],
    );
    assert.equal(status, 0, stderr);
    const { machine, runs: [run] } = JSON.parse(stdout);
    assert.ok(machine.cores >= 1);
    assert.equal(run.rounds, 1);
    assert.deepEqual(Object.keys(run.policies), ["measured"]);
    assert.deepEqual(Object.keys(run.policies.measured.functions), ["fib-2", "fib-6"]);
    const { n, failed, mean_ms } = run.policies.measured.all;
    assert.deepEqual([n, failed], [2, 0]);
    assert.ok(mean_ms > 0);
    // 4 ms of CPU time in a trace that is 20 ms long and sent twice as fast.
    assert.ok(Math.abs(run.load - 4 / 10 / run.cores) < 1e-6, String(run.load));
  });
});

Deno.test("alps-agent replay prints a table, and with status 1 what failed", async () => {
  await withHost({ trace: TRACE + "4 31 fib 5 5018\n5 31 fib 5 5018\n" }, async (url, folder) => {
    const { status, stdout, stderr } = await runScript(
      "agent.ts",
      ...["replay", "--trace", join(folder, "trace"), "--target", url],
    );
    assert.equal(status, 1);
    assert.match(stdout, /^fib-2 +2 +0 /m);
    assert.match(stdout, /^all +5 +2 /m);
    assert.match(stdout, /to the answer: no record/);
    assert.match(stderr, /2 of 5 invocations failed or were not answered:\n {2}2 × status 500: out of luck/);
  });
});

Deno.test("alps-agent replay takes ends from a record, and reports what is not in it", async () => {
  // The agent of this test writes the first invocation's line when it is sent: it ends an hour later.
  const record = (id: number, folder: string) => {
    if (id !== 1) return;
    const time = (ms: number) => new Date(Date.now() + ms).toISOString().replace("Z", "000Z");
    const entry = { pid: 100, start: time(0), end: time(3_600_000), cpu_us: 1000, execution_us: 1 };
    Deno.writeTextFileSync(join(folder, "record"), JSON.stringify({ ...entry, function: "fib-2" }) + "\n");
  };
  await withHost({ trace: "1 23 fib 10 5002\n2 23 fib 50 5002\n", record: "" }, async (url, folder) => {
    const { status, stdout, stderr } = await runScript(
      "agent.ts",
      ...["replay", "--trace", join(folder, "trace"), "--target", url],
      ...["--exp-result", join(folder, "record"), "--json"],
    );
    assert.equal(status, 1);
    assert.match(stderr, /1 of 2 invocations are not in the record; they count as failed/);
    const { policies } = JSON.parse(stdout).runs[0];
    assert.deepEqual(Object.keys(policies), ["measured", "oracle"]);
    assert.equal(policies.measured.all.failed, 1);
    assert.ok(policies.measured.all.mean_ms > 3_500_000);
    assert.equal(Math.round(policies.oracle.all.mean_ms), 1);
  }, record);
});

Deno.test("alps-agent replay answers what it cannot do with one line and status 1", async () => {
  await withHost({ trace: TRACE + "4 31 fib\n", empty: "" }, async (url, folder) => {
    const replay = (trace: string, target: string) =>
      runScript("agent.ts", "replay", "--trace", join(folder, trace), "--target", target);
    const cases = [
      [await replay("trace", url), /line 4 of ".*trace": it has 3 fields/],
      [await replay("empty", url), /it has no rows/],
      [await replay("missing", url), /cannot read trace/],
    ] as const;
    for (const [{ status, stderr, stdout }, message] of cases) {
      assert.match(stderr, message);
      assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
      assert.deepEqual([status, stdout], [1, ""]);
    }
  });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  await withHost({ trace: TRACE }, async (_, folder) => {
    const target = `http://127.0.0.1:${port}`;
    const { status, stderr } = await runScript(
      "agent.ts",
      "replay",
      "--trace",
      join(folder, "trace"),
      "--target",
      target,
    );
    assert.equal(status, 1);
    assert.match(stderr, /cannot reach http:\/\/127.0.0.1:\d+: .*refused/);
  });
});
