/** The portable file as a program: what it does with its arguments, streams, exit status and signals; and what it refuses. */
import assert from "node:assert/strict";
import { compileLauncher } from "../../../scripts/compile/launcher.ts";
import { finish, portable } from "../../portable.ts";
import { inFolder } from "../../in_folder.ts";

/** Starts the function host and waits until it listens. */
async function startHost(): Promise<Deno.ChildProcess> {
  const host = new Deno.Command(await portable(), {
    args: ["host", "--listen", "127.0.0.1:0"],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = host.stdout.getReader();
  let printed = "";
  while (!printed.includes("\n")) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the host ended: ${printed}`);
    printed += new TextDecoder().decode(value);
  }
  assert.match(printed, /^listening on http:\/\/127\.0\.0\.1:\d+\n$/);
  await reader.cancel();
  return host;
}

function childrenOf(pid: number): number[] {
  return Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim().split(" ").filter(Boolean).map(
    Number,
  );
}

Deno.test("the portable file says what it is", async () => {
  const { code, stdout, stderr } = await finish([await portable(), "--version"]);
  assert.deepEqual([code, stderr], [0, ""]);
  const wanted = [
    /^alps-agent \d+\.\d+\.\d+$/,
    /^commit +([0-9a-f]{40}(-dirty)?|unknown)$/,
    /^packaging +one file, made by the portable launcher$/,
    new RegExp(`^Deno +${RegExp.escape(Deno.version.deno)}$`),
    /^libbpf +1\.5$/,
    /^$/,
  ];
  const lines = stdout.split("\n");
  assert.equal(lines.length, wanted.length, stdout);
  lines.forEach((line, i) => assert.match(line, wanted[i]!));
});

Deno.test("the portable file holds the licences of what it consists of", async () => {
  const { code, stdout } = await finish([await portable(), "--licenses"]);
  assert.equal(code, 0);
  for (
    const name of [
      "Deno ",
      "libbpf ",
      "libelf ",
      "zlib ",
      "zstd",
      "OpenSSL",
      "the GNU C library",
      "hono ",
      "zod ",
    ]
  ) {
    assert.match(stdout, new RegExp(`^  ${name}`, "m"));
  }
  for (
    const text of ["GNU LESSER GENERAL PUBLIC LICENSE", "MIT License", "Apache License", "GNU GENERAL PUBLIC"]
  ) {
    assert.ok(stdout.includes(text), text);
  }
  // A package of tests is no part of it.
  assert.doesNotMatch(stdout, /fast-check/);
});

Deno.test("the portable file takes any arguments as they are, and ends with the program's exit status", async () => {
  const file = await portable();
  const strange = await finish([file, "--ml", " a\n'\"$HOME"]);
  assert.equal(strange.code, 2);
  assert.match(strange.stderr, /^alps-agent: --ml must be one of [^\n]*\(got [^\n]*\$HOME/);
  // Options of Deno are none of the program's, and the other way round.
  assert.match((await finish([file, "--allow-all"])).stderr, /unknown option --allow-all/);
  assert.equal((await finish([file, "--help"])).code, 0);
  assert.equal(
    (await finish([file, "replay", "--trace", "/no/such", "--target", "http://127.0.0.1:1"])).code,
    1,
  );
});

Deno.test("the portable file does not listen to what is meant for Deno", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/deno.json`, '{ "imports": { broken');
    const env = { DENO_DIR: `${folder}/cache`, DENO_V8_FLAGS: "--no-such-flag", HOME: folder };
    const { code, stderr } = await finish([await portable(), "--version"], { env, cwd: folder });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["deno.json"]);
  }));

Deno.test("the portable file passes standard streams on", async () => {
  const command = [await portable(), "replay", "--trace", "/dev/stdin", "--target", "http://127.0.0.1:1"];
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("no such trace"));
  await writer.close();
  const { code, stdout, stderr } = await child.output();
  assert.deepEqual([code, stdout.length], [1, 0]);
  assert.match(new TextDecoder().decode(stderr), /line 1 of "\/dev\/stdin": it has 3 fields/);
});

Deno.test("the portable file is one process, called alps-agent, that SIGTERM reaches", async () => {
  const host = await startHost();
  try {
    assert.equal(Deno.readTextFileSync(`/proc/${host.pid}/comm`), "alps-agent\n");
    const shown = Deno.readTextFileSync(`/proc/${host.pid}/cmdline`).replace(/\0+$/, "").split("\0");
    assert.deepEqual(shown, ["alps-agent", "host", "--listen", "127.0.0.1:0"]);
    // The parent of the functions is the host's child: nothing is between.
    assert.deepEqual(
      childrenOf(host.pid).map((pid) => Deno.readTextFileSync(`/proc/${pid}/comm`)),
      ["alps-host\n"],
    );
  } finally {
    host.kill("SIGTERM");
  }
  const { code, signal } = await host.status;
  assert.deepEqual([code, signal], [0, null]);
});

Deno.test("killing the portable file kills all of it", async () => {
  const host = await startHost();
  const children = childrenOf(host.pid);
  assert.equal(children.length, 1);
  host.kill("SIGKILL");
  assert.equal((await host.status).signal, "SIGKILL");
  // The parent of the functions sees its standard input close; what is waited for is its end.
  while (isRunning(children[0]!)) await new Promise((resolve) => setTimeout(resolve, 10));
});

function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

Deno.test("a truncated portable file says so, ends with 3, and runs nothing", () =>
  inFolder(async (folder) => {
    const whole = await Deno.readFile(await portable()), path = `${folder}/alps-agent`;
    await compileLauncher(`${folder}/launcher`);
    const launcher = Deno.statSync(`${folder}/launcher`).size;
    for (const length of [launcher, launcher + 1, whole.length >> 1, whole.length - 57, whole.length - 1]) {
      await Deno.writeFile(path, whole.subarray(0, length), { mode: 0o755 });
      const { code, stdout, stderr } = await finish([path, "--version"]);
      assert.deepEqual([code, stdout], [3, ""], `${length} bytes: ${stderr}`);
      assert.match(
        stderr,
        /^alps-agent: cannot run \/.*\/alps-agent: the file is incomplete[^\n]*copy it again\n$/,
      );
    }
  }));

Deno.test("a portable file with one altered bit anywhere says so, ends with 3, and runs nothing", () =>
  inFolder(async (folder) => {
    const file = await Deno.readFile(await portable()), path = `${folder}/alps-agent`;
    await compileLauncher(`${folder}/launcher`);
    const launcher = Deno.statSync(`${folder}/launcher`).size;
    const places = [
      launcher,
      launcher + 12345,
      file.length >> 1,
      file.length - 57,
      file.length - 48,
      file.length - 1,
    ];
    for (const at of places) {
      file[at]! ^= 1;
      await Deno.writeFile(path, file, { mode: 0o755 });
      file[at]! ^= 1;
      const { code, stdout, stderr } = await finish([path, "--version"]);
      assert.deepEqual([code, stdout], [3, ""], `byte ${at}: ${stderr}`);
      assert.match(
        stderr,
        /^alps-agent: cannot run \/.*\/alps-agent: the file was altered[^\n]*copy it again\n$/,
      );
    }
    file[file.length - 56]! ^= 1; // the mark by which the trailer is known
    await Deno.writeFile(path, file, { mode: 0o755 });
    assert.equal((await finish([path, "--version"])).code, 3);
    const longer = new Uint8Array(file.length + 1);
    longer.set(file);
    await Deno.writeFile(path, longer, { mode: 0o755 });
    assert.equal((await finish([path, "--version"])).code, 3);
  }));

Deno.test("the portable file names what it has no memory for, in one line", async () => {
  const file = await portable();
  const limit = `ulimit -v 20000; exec "${file}" --version`;
  const { code, stdout, stderr } = await finish(["/bin/sh", "-c", limit]);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /^alps-agent: cannot [a-z ]+: Cannot allocate memory\n$/);
});
