import assert from "node:assert/strict";
import { ForkServer, InvocationRefused } from "../../host/forkserver.ts";
import { hostBinaryPath } from "../../host/host.ts";
import * as reference from "./reference.ts";

async function withServer(
  test: (compute: (job: string, n: number) => Promise<string>) => Promise<void>,
): Promise<void> {
  await using server = await ForkServer.start(hostBinaryPath());
  await test(async (job, n) => {
    const reply = await server.run({ function: job, job, n });
    assert.equal(reply.status, 0, `${job} ${n}: ${JSON.stringify(reply)}`);
    return reply.result;
  });
}

Deno.test("fib computes the Fibonacci numbers", () =>
  withServer(async (compute) => {
    for (const n of [0, 1, 2, 3, 10, 23, 26]) assert.equal(await compute("fib", n), String(reference.fib(n)));
    assert.equal(await compute("fib", 20), "6765");
  }));

Deno.test("graphBfs visits every vertex in breadth-first order", () =>
  withServer(async (compute) => {
    for (const n of [1, 2, 3, 4, 5, 9, 100, 237]) {
      assert.equal(await compute("graphBfs", n), reference.graphBfs(n));
    }
  }));

Deno.test("graphMst finds a tree as light as Prim's", () =>
  withServer(async (compute) => {
    for (const n of [1, 2, 4, 8, 9, 10, 60]) {
      assert.equal(await compute("graphMst", n), reference.graphMst(n));
    }
  }));

Deno.test("graphPagerank finds the greatest rank", () =>
  withServer(async (compute) => {
    // A vertex on its own has no edge to share its rank over.
    assert.equal(await compute("graphPagerank", 1), "top=0 rank=1.000000000");
    for (const n of [2, 8, 9, 10, 60]) {
      const result = await compute("graphPagerank", n);
      const rank = Number(/^top=\d+ rank=([\d.]+)$/.exec(result)?.[1]);
      assert.ok(
        Math.abs(rank - reference.topPagerank(n)) < 1e-6,
        `${n}: ${result}, not ${reference.topPagerank(n)}`,
      );
    }
  }));

Deno.test("featureExtractor counts the words of its text, the same however often", () =>
  withServer(async (compute) => {
    assert.equal(await compute("featureExtractor", 1), reference.featureExtractor());
    assert.equal(await compute("featureExtractor", 2), reference.featureExtractor());
  }));

Deno.test("floatOperation adds up sines, cosines and square roots", () =>
  withServer(async (compute) => {
    for (const n of [1, 2, 1000, 100000]) {
      const sum = Number(/^sum=(-?[\d.]+)$/.exec(await compute("floatOperation", n))?.[1]);
      const wanted = reference.floatOperation(n);
      assert.ok(Math.abs(sum - wanted) <= 1e-9 * wanted + 1e-6, `${n}: ${sum}, not ${wanted}`);
    }
  }));

Deno.test("every job refuses an n out of its range, and the parent goes on", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  assert.deepEqual(server.jobs.map((job) => job.name).sort(), [
    "featureExtractor",
    "fib",
    "floatOperation",
    "graphBfs",
    "graphMst",
    "graphPagerank",
  ]);
  for (const { name, nLeast, nMost } of server.jobs) {
    const outside = nLeast > 0 ? [nLeast - 1, nMost + 1, 2 ** 53] : [nMost + 1, 2 ** 53];
    for (const n of outside) {
      await assert.rejects(server.run({ function: "f", job: name, n }), (error: unknown) => {
        assert.ok(error instanceof InvocationRefused);
        assert.equal(error.message, `n of ${name} must be ${nLeast} to ${nMost}`);
        return true;
      });
    }
    assert.equal((await server.run({ function: "f", job: name, n: Math.max(nLeast, 1) })).status, 0);
  }
});

Deno.test("a job's CPU time grows with n and is that of its own process", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  const small = await server.run({ function: "f", job: "fib", n: 20 });
  const large = await server.run({ function: "f", job: "fib", n: 29 });
  assert.ok(small.cpuUs > 0 && large.cpuUs > small.cpuUs, `${small.cpuUs} us, then ${large.cpuUs} us`);
  assert.notEqual(small.pid, large.pid);
});
