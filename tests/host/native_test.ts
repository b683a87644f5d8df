/** The native parent on its own: what it does with lines that the Deno side never sends, and when its input ends. */
import assert from "node:assert/strict";
import { hostBinaryPath } from "../../host/host.ts";
import { childrenOf, eventually, isAlive, readComm } from "./processes.ts";

/** A native parent spoken to line by line. */
class Native implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(args: readonly string[] = []) {
    this.process = new Deno.Command(hostBinaryPath(), { args: [...args], stdin: "piped", stdout: "piped" })
      .spawn();
    this.#writer = this.process.stdin.getWriter();
    this.#reader = this.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  async send(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  /** The next line, or undefined at the end. */
  async line(): Promise<string | undefined> {
    while (!this.#text.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) return undefined;
      this.#text += value;
    }
    const end = this.#text.indexOf("\n");
    const line = this.#text.slice(0, end);
    this.#text = this.#text.slice(end + 1);
    return line;
  }

  /** Sends a line and returns the next answer. */
  async ask(line: string): Promise<string | undefined> {
    await this.send(`${line}\n`);
    return await this.line();
  }

  async closeInput(): Promise<void> {
    await this.#writer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.process.status;
    await this.#reader.cancel();
  }
}

async function started(...args: string[]): Promise<Native> {
  const native = new Native(args);
  assert.match(await native.line() ?? "", /^jobs fib:0:50:\d+ /);
  return native;
}

Deno.test("alps-functions calls itself alps-host", async () => {
  await using native = await started();
  assert.equal(readComm(native.process.pid), "alps-host");
});

Deno.test("alps-functions answers malformed lines and goes on", async () => {
  await using native = await started();
  const broken = [
    "",
    "run",
    "run x fib fib 1",
    "run -1 fib fib 1",
    "run 1 fib fib",
    "run 1 fib fib 1 2",
    "run 1 fib fib 1 ",
    "run 1 fib fib one",
    "run 1 fib fib 99999999999999999999999",
    "run 1 %zz fib 1",
    "run 1 % fib 1",
    "exec 1",
    "exec 1 ",
    `exec 1 /bin/true${" x".repeat(256)}`,
    "fly 1 fib",
  ];
  for (const line of broken) {
    assert.match(await native.ask(line) ?? "", /^0 0 malformed 0 0 [a-z]/, line);
  }
  assert.match(await native.ask("run 7 fib fib 10") ?? "", /^7 \d+ exited 0 \d+ 55$/);
});

Deno.test("alps-functions refuses unknown jobs under the request's id", async () => {
  await using native = await started();
  assert.equal(await native.ask("run 5 x nope%0A 1"), "5 0 refused 0 0 no%20job%20is%20named%20nope%0A");
  assert.equal(await native.ask("run 6 x fib 51"), "6 0 refused 0 0 n%20of%20fib%20must%20be%200%20to%2050");
});

Deno.test("alps-functions reads requests however they are cut", async () => {
  await using native = await started();
  for (const part of ["ru", "n 1 a f", "ib 10\nrun 2 b fi", "b 11", "\n"]) await native.send(part);
  const answers = [await native.line(), await native.line()].map((line) =>
    line?.replace(/^(\d+) \d+ (.*) \d+ /, "$1 $2 ")
  );
  assert.deepEqual(answers.sort(), ["1 exited 0 55", "2 exited 0 89"]);
});

Deno.test("alps-functions ends at a line longer than it reads, and says so", async () => {
  await using native = await started();
  await native.send("run 1 ".padEnd(65536, "x"));
  assert.match(await native.line() ?? "", /^0 0 malformed 0 0 a%20line%20is%20longer/);
  assert.equal((await native.process.status).code, 0);
});

Deno.test("alps-functions gives a process any bytes as its name, cut at 15", async () => {
  await using native = await started();
  // Not UTF-8, so compared as bytes.
  await native.send("run 1 %FF%FE%0A%20%28%29%25abcdefghijklmnop fib 50\n");
  const [pid] = await eventually(() => {
    const children = childrenOf(native.process.pid);
    return children.length === 1 && readComm(children[0]!) !== "alps-host" && children;
  });
  const expected = [0xff, 0xfe, 0x0a, 0x20, 0x28, 0x29, 0x25, ...new TextEncoder().encode("abcdefgh"), 0x0a];
  assert.deepEqual([...Deno.readFileSync(`/proc/${pid}/comm`)], expected);
});

Deno.test("alps-functions takes an empty name, one with a NUL and one of 255 bytes", async () => {
  await using native = await started();
  assert.match(await native.ask("run 1  fib 10") ?? "", /^1 \d+ exited 0 \d+ 55$/);
  assert.match(await native.ask("run 2 a%00b fib 10") ?? "", /^2 \d+ exited 0 \d+ 55$/);
  assert.match(await native.ask(`run 3 ${"%F0".repeat(255)} fib 10`) ?? "", /^3 \d+ exited 0 \d+ 55$/);
});

Deno.test("alps-functions leaves no process when its input closes", async () => {
  const native = await started();
  for (let id = 1; id <= 5; id++) await native.send(`run ${id} busy fib 50\n`);
  const children = await eventually(() => {
    const found = childrenOf(native.process.pid);
    return found.length === 5 && found;
  });
  await native.closeInput();
  assert.equal((await native.process.status).code, 0);
  assert.deepEqual(children.filter(isAlive), []);
  await native[Symbol.asyncDispose]();
});

Deno.test("alps-functions leaves no process when it is killed", async () => {
  const native = await started();
  for (let id = 1; id <= 5; id++) await native.send(`run ${id} busy fib 50\n`);
  await native.send("exec 6 /bin/sleep 1000\n");
  const children = await eventually(() => {
    const found = childrenOf(native.process.pid);
    return found.length === 6 && found;
  });
  native.process.kill("SIGKILL");
  await native.process.status;
  await eventually(() => !children.some(isAlive));
  await native[Symbol.asyncDispose]();
});

Deno.test("alps-functions ends what programs have left behind, in a session of its own too", async () => {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/pids`;
  const native = await started();
  try {
    const script =
      `sleep 1000 & echo $! > ${file}.new; setsid sh -c 'echo $$ >> ${file}.new; mv ${file}.new ${file}; ` +
      `exec sleep 1000' &`;
    assert.match(
      await native.ask(`exec 1 /bin/sh -c ${encodeURIComponent(script)}`) ?? "",
      /^1 \d+ exited 0 \d+ $/,
    );
    const pids = await eventually(() => {
      try {
        return Deno.readTextFileSync(file).trim().split("\n").map(Number);
      } catch {
        return undefined;
      }
    });
    assert.equal(pids.filter(isAlive).length, 2);
    await native.closeInput();
    assert.equal((await native.process.status).code, 0);
    assert.deepEqual(pids.filter(isAlive), []);
  } finally {
    await native[Symbol.asyncDispose]();
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("alps-functions tells a named pipe which process does which invocation", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const pipe = `${folder}/pipe`;
    assert.ok((await new Deno.Command("mkfifo", { args: [pipe] }).output()).success);
    // Open for both, so that neither side waits for the other.
    using listener = await Deno.open(pipe, { read: true, write: true });
    const read = async () => {
      const bytes = new Uint8Array(4096);
      return new TextDecoder().decode(bytes.subarray(0, await listener.read(bytes) ?? 0));
    };
    await using native = await started("--announce", pipe);
    const answer = await native.ask("run 1 a%20b fib 10");
    const pid = answer?.split(" ")[1];
    assert.match(answer ?? "", /^1 \d+ exited 0 /);
    let told = await read();
    if (!told.includes("end")) told += await read();
    assert.match(told, new RegExp(`^start ${pid} a%20b\nend ${pid} \\d+\n$`));
    await native.send("as thumb exec 2 /bin/true\n");
    assert.match(await read(), /^start \d+ thumb\n/);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("alps-functions does the share of the work that it is told", async () => {
  await using native = new Native(["--work", "100"]);
  assert.match(await native.line() ?? "", /^jobs fib:0:50:3 graphBfs:1:10000:600 /);
});

Deno.test("alps-functions does not start with options that it does not know, or without who listens", async () => {
  for (const args of [["--cold"], ["--announce", "/nowhere/pipe"], ["--work", "0"]]) {
    const { code } = await new Deno.Command(hostBinaryPath(), { args, stdin: "null", stderr: "null" })
      .output();
    assert.equal(code, 1, args.join(" "));
  }
});
