import assert from "node:assert/strict";
import { ForkServer, InvocationRefused } from "../../host/forkserver.ts";
import { hostBinaryPath, startHost } from "../../host/host.ts";
import { childrenOf, eventually, isAlive, readComm } from "./processes.ts";

/** Longer than an instance rests after an answer. */
const REST_MS = 30;

function warmServer(): Promise<ForkServer> {
  return ForkServer.start(hostBinaryPath(), { warm: true });
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST_MS));
}

Deno.test("--warm: requests of a function are served by one process, one after another", async () => {
  await using server = await warmServer();
  const pids = new Set<number>();
  for (const n of [10, 20, 15, 10]) {
    const { pid, status, signal, result, cpuUs } = await server.run({ function: "thumbnail", job: "fib", n });
    assert.deepEqual([status, signal], [0, null]);
    assert.equal(result, String({ 10: 55, 15: 610, 20: 6765 }[n]));
    assert.ok(cpuUs < 1e6, `of the request alone: ${cpuUs}`);
    assert.equal(readComm(pid), "thumbnail", "it lives on under the function's name");
    pids.add(pid);
    await rest();
  }
  assert.equal(pids.size, 1);
  const other = await server.run({ function: "other", job: "fib", n: 10 });
  assert.ok(!pids.has(other.pid), "another function has one of its own");
  assert.equal(childrenOf(server.pid).length, 2);
});

Deno.test("--warm: a function that is busy has as many instances as requests at once, and uses them again", async () => {
  await using server = await warmServer();
  const ask = () => Promise.all([1, 2, 3, 4].map(() => server.run({ function: "f", job: "fib", n: 24 })));
  const first = new Set((await ask()).map(({ pid }) => pid));
  assert.equal(first.size, 4);
  await rest();
  assert.deepEqual(new Set((await ask()).map(({ pid }) => pid)), first);
});

Deno.test("--warm: an instance does all jobs, again and again, with the same results", async () => {
  await using server = await warmServer();
  const jobs = [["graphBfs", 100], ["graphMst", 9], ["graphPagerank", 9], ["featureExtractor", 1], [
    "floatOperation",
    9,
  ]];
  const results = async () => {
    const all: string[] = [];
    for (const [job, n] of jobs as [string, number][]) {
      all.push((await server.run({ function: "f", job, n })).result);
      await rest();
    }
    return all;
  };
  const first = await results();
  assert.ok(first.every((result) => result !== ""));
  assert.deepEqual(await results(), first);
  assert.equal(childrenOf(server.pid).length, 1);
});

Deno.test("--warm: an instance that is killed fails its request, and the next one gets another", async () => {
  await using server = await warmServer();
  const { pid } = await server.run({ function: "f", job: "fib", n: 10 });
  await rest();
  const unfinished = server.run({ function: "f", job: "fib", n: 50 });
  await eventually(() => Deno.readTextFileSync(`/proc/${pid}/stat`).includes(") R"));
  Deno.kill(pid, "SIGKILL");
  const reply = await unfinished;
  assert.deepEqual([reply.pid, reply.signal], [pid, 9]);
  const next = await server.run({ function: "f", job: "fib", n: 10 });
  assert.equal(next.result, "55");
  await rest();
  Deno.kill(next.pid, "SIGKILL"); // while it is idle
  await eventually(() => !isAlive(next.pid));
  assert.equal((await server.run({ function: "f", job: "fib", n: 10 })).result, "55");
});

Deno.test("--warm: hundreds of functions do not keep hundreds of idle instances", async () => {
  await using server = await warmServer();
  for (let round = 0; round < 4; round++) {
    const names = Array.from({ length: 100 }, (_, i) => `f-${round}-${i}\n`);
    const replies = await Promise.all(names.map((name) => server.run({ function: name, job: "fib", n: 5 })));
    assert.ok(replies.every(({ result }) => result === "5"));
  }
  await eventually(() => childrenOf(server.pid).filter(isAlive).length <= 256);
  assert.equal((await server.run({ function: "f-0-0\n", job: "fib", n: 10 })).result, "55");
});

Deno.test("--warm: programs still get a process each, and refusals stay refusals", async () => {
  await using server = await warmServer();
  assert.equal((await server.exec({ argv: ["/bin/sh", "-c", "exit 7"] })).status, 7);
  await assert.rejects(server.run({ function: "f", job: "no-such", n: 1 }), InvocationRefused);
  await assert.rejects(server.run({ function: "f", job: "fib", n: 51 }), InvocationRefused);
});

Deno.test("--warm: nothing is left when the host stops, or its native parent is killed", async () => {
  for (const kill of [false, true]) {
    const server = await warmServer();
    const { pid: idle } = await server.run({ function: "idle", job: "fib", n: 10 });
    const rejected = assert.rejects(server.run({ function: "busy", job: "fib", n: 50 }));
    const busy = await eventually(() => childrenOf(server.pid).find((pid) => readComm(pid) === "busy"));
    if (kill) Deno.kill(server.pid, "SIGKILL");
    else await server.close();
    await rejected;
    await eventually(() => ![server.pid, idle, busy].some(isAlive));
    await server.close();
  }
});

Deno.test("startHost() with warm answers over HTTP as without", async () => {
  await using host = await startHost({ listen: "127.0.0.1:0", warm: true });
  const pids: number[] = [];
  for (let id = 0; id < 3; id++) {
    const response = await fetch(`${host.url}/run/team%2Ffib`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ n: 12, id }),
    });
    assert.equal(response.status, 200);
    const { pid, cpu_us, ...rest_ } = await response.json();
    assert.deepEqual(rest_, { function: "team/fib", id, job: "fib", result: "144" });
    assert.ok(cpu_us >= 0);
    pids.push(pid);
    await rest();
  }
  assert.equal(new Set(pids).size, 1);
});
