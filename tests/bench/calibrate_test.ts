import assert from "node:assert/strict";
import { calibrate, calibrationPoints, cpuTimes } from "../../bench/calibrate.ts";

async function withHost(
  answer: (path: string, body: { n: number; job: string }) => Response | Promise<Response>,
  use: (url: string) => Promise<void>,
): Promise<void> {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => answer(new URL(request.url).pathname, await request.json()),
  );
  try {
    await use(`http://127.0.0.1:${server.addr.port}`);
  } finally {
    await server.shutdown();
  }
}

Deno.test("calibrate() runs one at a time and takes the median, without the first run", async () => {
  let runs = 0, underWay = 0, most = 0;
  await withHost(async (_, { n }) => {
    most = Math.max(most, ++underWay);
    runs++;
    await new Promise((resolve) => setTimeout(resolve, 2));
    underWay--;
    // One run that is out of line does not count, nor does the first.
    return Response.json({ cpu_us: runs === 1 || runs === 3 ? 900_000 : n * 1000 });
  }, async (targetUrl) => {
    const [only] = await calibrate({ points: [{ function: "fib-18", job: "fib", n: 31 }], targetUrl });
    assert.deepEqual(only, { function: "fib-18", job: "fib", n: 31, cpuMs: 31 });
    assert.ok(runs >= 4);
    assert.equal(most, 1);
  });
});

Deno.test("calibrate() says which function failed and how", async () => {
  await withHost(() => Response.json({ detail: "there is no job" }, { status: 404 }), async (targetUrl) => {
    const points = [{ function: "x-1", job: "x", n: 1 }];
    await assert.rejects(
      calibrate({ points, targetUrl }),
      /"x-1" \(job x, n 1\): the host answered 404: .*no job/,
    );
  });
  await withHost(() => new Response("fine"), async (targetUrl) => {
    const points = [{ function: "x-1", job: "x", n: 1 }];
    await assert.rejects(calibrate({ points, targetUrl }), /no cpu_us/);
  });
});

Deno.test("calibrationPoints() measures each job and n once, and around a spread n", () => {
  const points = calibrationPoints([
    { job: "fib", number: 2, n: 23, share: 1 },
    { job: "fib", number: 3, n: 23, share: 1 },
    { job: "float", number: 4, n: 100, share: 1, sigma: 1 },
  ], ({ job, number }) => `${job}-${number}`);
  assert.deepEqual(points.map((point) => [point.function, point.n]), [
    ["fib-2", 23],
    ["float-4", 25],
    ["float-4", 100],
    ["float-4", 400],
  ]);
});

Deno.test("cpuTimes() is exact where it was measured, and on lines elsewhere", () => {
  const point = (n: number, cpuMs: number) => ({ function: "f-1", job: "f", n, cpuMs });
  const cpuMsOf = cpuTimes([point(100, 11), point(25, 4), point(400, 50)]);
  assert.equal(cpuMsOf("f", 100), 11);
  assert.equal(cpuMsOf("f", 25), 4);
  assert.equal(cpuMsOf("f", 250), 30.5);
  assert.equal(cpuMsOf("f", 700), 89);
  assert.ok(cpuMsOf("f", 1) > 0);
  assert.throws(() => cpuMsOf("g", 1), RangeError);
  assert.throws(() => cpuTimes([point(5, 1)])("f", 6), RangeError);
});
