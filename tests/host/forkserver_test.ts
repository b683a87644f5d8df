import assert from "node:assert/strict";
import { ForkServer, ForkServerError, InvocationRefused } from "../../host/forkserver.ts";
import { hostBinaryPath } from "../../host/host.ts";
import { childrenOf, eventually, isAlive, readComm } from "./processes.ts";

/** The pid of a server's child of that name, once there is one. */
function childNamed(server: ForkServer, comm: string): Promise<number> {
  return eventually(() => childrenOf(server.pid).find((pid) => readComm(pid) === comm));
}

Deno.test("run() gives the process the function's name before it works", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  const invocation = server.run({ function: "thumbnail", job: "fib", n: 50 });
  const pid = await childNamed(server, "thumbnail");
  Deno.kill(pid, "SIGKILL");
  assert.equal((await invocation).pid, pid);
});

Deno.test("run() takes hostile names, of which the kernel keeps 15 bytes", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  const names: [name: string, comm: string][] = [
    ["a\nrun 9 b fib 1\n", "a\nrun 9 b fib 1"],
    ["../../etc/passwd", "../../etc/passw"],
    ["a b%20%41\t", "a b%20%41\t"],
    ["größe-日本", "größe-日本"],
    ["(x) S 1", "(x) S 1"],
    ["x".repeat(255), "x".repeat(15)],
  ];
  for (const [name, comm] of names) {
    const invocation = server.run({ function: name, job: "fib", n: 50 });
    const pid = await childNamed(server, comm);
    Deno.kill(pid, "SIGKILL");
    const { cpuUs, ...reply } = await invocation;
    assert.deepEqual(reply, { pid, status: null, signal: 9, result: "" });
    assert.ok(cpuUs >= 0);
  }
});

Deno.test("run() answers 50 requests at once, each its own", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  const fib = [0, 1];
  while (fib.length < 50) fib.push(fib.at(-1)! + fib.at(-2)!);
  const ns = Array.from({ length: 50 }, (_, index) => index % 21);
  const replies = await Promise.all(ns.map((n) => server.run({ function: `fib-${n}`, job: "fib", n })));
  assert.deepEqual(replies.map((reply) => reply.result), ns.map((n) => String(fib[n])));
  assert.equal(new Set(replies.map((reply) => reply.pid)).size, 50);
  assert.ok(replies.every((reply) => reply.status === 0 && reply.signal === null && reply.cpuUs > 0));
});

Deno.test("run() answers a short request while a long one is under way", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  const long = server.run({ function: "long", job: "fib", n: 50 });
  const pid = await childNamed(server, "long");
  assert.equal((await server.run({ function: "short", job: "fib", n: 10 })).result, "55");
  assert.ok(isAlive(pid));
  Deno.kill(pid, "SIGTERM");
  assert.equal((await long).signal, 15);
});

Deno.test("run() refuses an unknown job", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  await assert.rejects(server.run({ function: "f", job: "no such\njob", n: 1 }), (error: unknown) => {
    assert.ok(error instanceof InvocationRefused);
    assert.equal(error.message, "no job is named no such\njob");
    assert.equal(error.pid, 0);
    return true;
  });
});

Deno.test("run() refuses a request that the parent would not read, and goes on", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  await assert.rejects(server.run({ function: "\n".repeat(30_000), job: "fib", n: 1 }), InvocationRefused);
  assert.equal((await server.run({ function: "\ud800", job: "fib", n: 10 })).result, "55");
});

Deno.test("exec() runs a program under its own name and tells how it ended", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  const sleeping = server.exec({ argv: ["/bin/sleep", "1000"] });
  const pid = await childNamed(server, "sleep");
  Deno.kill(pid, "SIGKILL");
  assert.equal((await sleeping).signal, 9);
  assert.equal((await server.exec({ argv: ["/bin/true"] })).status, 0);
  assert.equal((await server.exec({ argv: ["/bin/sh", "-c", "exit 7"] })).status, 7);
});

Deno.test("exec() hands over arguments as they are", async () => {
  const file = await Deno.makeTempFile();
  try {
    await using server = await ForkServer.start(hostBinaryPath());
    const argv = ["/bin/sh", "-c", 'printf "%s|" "$@" > "$0"', file, "a b", "", "ü\n", "$(id)", "%0A"];
    assert.equal((await server.exec({ argv })).status, 0);
    assert.equal(await Deno.readTextFile(file), "a b||ü\n|$(id)|%0A|");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("exec() leaves a program /dev/null as its only open file, and no signal blocked", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await using server = await ForkServer.start(hostBinaryPath());
    const argv = ["/usr/bin/find", "/proc/self/fd", "-type", "l", "-fprintf", `${folder}/files`, "%l\\n"];
    assert.equal((await server.exec({ argv })).status, 0);
    // But for the files that find has opened itself.
    const files = (await Deno.readTextFile(`${folder}/files`)).trim().split("\n")
      .filter((name) => name !== `${folder}/files` && !name.startsWith("/proc/") && name !== Deno.cwd());
    assert.deepEqual(files, ["/dev/null", "/dev/null", "/dev/null"]);

    assert.equal(
      (await server.exec({ argv: ["/bin/cp", "/proc/self/status", `${folder}/status`] })).status,
      0,
    );
    const status = await Deno.readTextFile(`${folder}/status`);
    const mask = (name: string) =>
      BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1]}`);
    assert.equal(mask("SigBlk"), 0n);
    const sigpipe = 1n << 12n;
    assert.equal(mask("SigIgn") & sigpipe, 0n, "SIGPIPE has its default");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("exec() refuses what cannot be executed, and goes on", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  for (
    const [program, why] of [["/no/such", "No such file or directory"], ["/etc/passwd", "Permission denied"]]
  ) {
    await assert.rejects(server.exec({ argv: [program!] }), (error: unknown) => {
      assert.ok(error instanceof InvocationRefused);
      assert.equal(error.message, `cannot execute ${program}: ${why}`);
      return true;
    });
  }
  assert.equal((await server.exec({ argv: ["/bin/true"] })).status, 0);
});

Deno.test("close() ends every invocation and rejects its request", async () => {
  const server = await ForkServer.start(hostBinaryPath());
  const invocations = [1, 2, 3].map((id) => server.run({ function: `busy-${id}`, job: "fib", n: 50 }));
  const rejected = Promise.all(
    invocations.map((invocation) => assert.rejects(invocation, /the host is stopping/)),
  );
  const pids = await Promise.all([1, 2, 3].map((id) => childNamed(server, `busy-${id}`)));
  await server.close();
  await rejected;
  assert.deepEqual([server.pid, ...pids].filter(isAlive), []);
  assert.equal(await server.ended, undefined);
  await assert.rejects(server.run({ function: "f", job: "fib", n: 1 }), /the host is stopping/);
  await server.close();
});

Deno.test("a killed native parent rejects all requests, and nothing of it is left", async () => {
  await using server = await ForkServer.start(hostBinaryPath());
  const job = assert.rejects(server.run({ function: "busy", job: "fib", n: 50 }), ForkServerError);
  // The shell's child is no child of the native parent's: it is found by the process group.
  const program = assert.rejects(
    server.exec({ argv: ["/bin/sh", "-c", "sleep 1000; exit 1"] }),
    /the native parent of the functions \(process \d+\) ended by SIGKILL/,
  );
  const shell = await childNamed(server, "sh");
  const pids = [await childNamed(server, "busy"), shell, await eventually(() => childrenOf(shell)[0])];
  Deno.kill(server.pid, "SIGKILL");
  await Promise.all([job, program]);
  assert.match(String(await server.ended), /ended by SIGKILL/);
  assert.match(String(server.failure), /ended by SIGKILL/);
  await eventually(() => !pids.some(isAlive));
  await assert.rejects(server.run({ function: "f", job: "fib", n: 1 }), ForkServerError);
});

Deno.test("start() says what is wrong with the executable", async () => {
  await assert.rejects(
    ForkServer.start("/no/such/program"),
    new ForkServerError("cannot start /no/such/program: there is no such file; run deno task build"),
  );
  await assert.rejects(ForkServer.start("/bin/false"), /cannot start \/bin\/false: it ended with status 1/);
});
