import assert from "node:assert/strict";
import {
  childrenOf,
  descendantsOf,
  MAX_CMDLINE_BYTES,
  readIdentity,
  scanProcesses,
} from "../../observe/identity.ts";

/** A folder for one test, removed afterwards. */
function temporaryFolder(): { path: string } & Disposable {
  // The kernel resolves links in /proc/PID/exe, so compare with the resolved path.
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "alps-identity-" }));
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** A process of the test's own, ended when the test leaves the scope. */
function start(command: string, options: Deno.CommandOptions = {}): { pid: number } & AsyncDisposable {
  const child = new Deno.Command(command, { stdin: "null", stdout: "null", stderr: "null", ...options })
    .spawn();
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await child.status;
    },
  };
}

/** Waits until a condition holds: processes take a moment to exec. Fails the test by its own message after two minutes. */
async function until<T>(what: string, probe: () => T | undefined | false): Promise<T> {
  for (let left = 12_000; left > 0; left--) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never happened: ${what}`);
}

/** Waits until a process has become a program: its name is changed first, its arguments and the path given to exec are in place last. */
function running(pid: number, comm: string) {
  return until("exec", () => {
    const found = readIdentity(pid);
    return found?.comm === comm && found.cmdline !== "" && found;
  });
}

function copySleep(folder: string, name: string): string {
  const path = `${folder}/${name}`;
  Deno.copyFileSync("/bin/sleep", path);
  Deno.chmodSync(path, 0o755);
  return path;
}

Deno.test("readIdentity() describes a running program", async () => {
  using folder = temporaryFolder();
  const path = copySleep(folder.path, "fib-18");
  await using child = start(path, { args: ["60"] });
  const identity = await running(child.pid, "fib-18");
  assert.equal(identity.pid, child.pid);
  assert.deepEqual(identity.exePaths, [path]);
  assert.equal(identity.cmdline, `${path} 60`);
  assert.equal(identity.parentPid, Deno.pid);
  assert.ok(identity.startTimeTicks > 0);
  assert.equal(readIdentity(child.pid)?.startTimeTicks, identity.startTimeTicks);
});

Deno.test("readIdentity() names the script before its interpreter", async () => {
  using folder = temporaryFolder();
  const script = `${folder.path}/resize.sh`;
  Deno.writeTextFileSync(script, "#!/bin/sh\nsleep 60\n:\n", { mode: 0o755 });
  await using child = start(script);
  const identity = await running(child.pid, "resize.sh");
  assert.deepEqual(identity.exePaths, [script, Deno.realPathSync("/bin/sh")]);
  for (const pid of descendantsOf(childrenOf(scanProcesses()), child.pid)) Deno.kill(pid, "SIGKILL");
});

Deno.test("readIdentity() prefers the kernel's word for the path given to exec, resolved and tidied", async () => {
  using folder = temporaryFolder();
  const path = copySleep(folder.path, "fn");
  await using child = start(path, { args: ["60"], cwd: folder.path });
  await running(child.pid, "fn");
  const called = (execName: string) => readIdentity(child.pid, { execName })?.exePaths;
  assert.deepEqual(called("/srv/fn/a.py"), ["/srv/fn/a.py", path]);
  assert.deepEqual(called("./fn"), [path]);
  assert.deepEqual(called("bin/../fn"), [path]);
  assert.deepEqual(called("sub//x"), [`${folder.path}/sub/x`, path]);
  assert.deepEqual(called("/../../srv/./x"), ["/srv/x", path]);
  assert.deepEqual(called(""), [path]);
});

Deno.test("readIdentity() resolves a relative path by the process's working directory", async () => {
  using folder = temporaryFolder();
  copySleep(folder.path, "fn");
  Deno.symlinkSync("fn", `${folder.path}/called`);
  await using child = start("/bin/sh", { args: ["-c", "exec ./called 60"], cwd: folder.path });
  const identity = await running(child.pid, "called");
  assert.deepEqual(identity.exePaths, [`${folder.path}/called`, `${folder.path}/fn`]);
});

Deno.test("readIdentity() removes the mark of a deleted executable", async () => {
  using folder = temporaryFolder();
  const path = copySleep(folder.path, "gone");
  await using child = start(path, { args: ["60"] });
  await running(child.pid, "gone");
  Deno.removeSync(path);
  assert.match(Deno.readLinkSync(`/proc/${child.pid}/exe`), / \(deleted\)$/);
  assert.deepEqual(readIdentity(child.pid)?.exePaths, [path]);
});

Deno.test("readIdentity() follows a renamed process, however hostile the name", async () => {
  for (const comm of ["renamed", "a b", "x) R 1 2 3", "a\nb", "(((", "\x1b[2J"]) {
    await using child = start("/bin/sh", {
      args: ["-c", 'printf "%s" "$1" > /proc/self/comm; read line; exit', "sh", comm],
      stdin: "piped",
    });
    const identity = await until(`rename to ${JSON.stringify(comm)}`, () => {
      const found = readIdentity(child.pid);
      return found?.comm === comm && found;
    });
    assert.equal(identity.parentPid, Deno.pid);
    assert.equal(identity.pid, child.pid);
  }
});

Deno.test("readIdentity() reads a bounded part of a command line", async () => {
  await using child = start("/bin/sleep", { args: ["60", ...Array(3000).fill("0s")] });
  const identity = await until("exec", () => {
    const found = readIdentity(child.pid);
    return found?.comm === "sleep" && found.cmdline.startsWith("/bin/sleep 60 0s") && found;
  });
  assert.equal(identity.cmdline.length, MAX_CMDLINE_BYTES);

  await using odd = start("/bin/sh", {
    args: ["-c", "read line; exit", "sh", "ü".repeat(5000)],
    stdin: "piped",
  });
  const cut = await until("exec", () => {
    const found = readIdentity(odd.pid);
    return found !== undefined && found.cmdline.includes("üü") && found;
  });
  assert.ok(!cut.cmdline.includes("\ufffd"), "no half character at the end");
});

Deno.test("readIdentity() gives undefined for a process that is gone and for kernel threads", async () => {
  const child = new Deno.Command("/bin/true").spawn();
  await child.status;
  assert.equal(readIdentity(child.pid), undefined);
  assert.equal(readIdentity(child.pid, { execName: "/bin/true", comm: "true", cgroupPath: "/" }), undefined);
  assert.equal(readIdentity(4_194_304), undefined);
  // The kernel's first thread; in a container there is none, or something else under its number.
  const second = readIdentity(2);
  assert.notEqual(second?.comm, "kthreadd");
});

Deno.test("scanProcesses() finds this process and its children, and no kernel thread or zombie", async () => {
  await using child = start("/bin/sh", { args: ["-c", "sleep 60 & : & read line; kill $!"], stdin: "piped" });
  const grandchild = await until("grandchild", () => {
    const all = [...scanProcesses()];
    return all.find(({ comm, parentPid }) => comm === "sleep" && parentPid === child.pid);
  });
  const all = [...scanProcesses()];
  const pids = all.map(({ pid }) => pid);
  assert.equal(new Set(pids).size, pids.length);
  assert.ok(pids.includes(Deno.pid) && pids.includes(child.pid) && pids.includes(grandchild.pid));
  for (const { pid, exePaths, cmdline } of all) {
    assert.ok(exePaths.length > 0 || cmdline !== "", `${pid} is a kernel thread or a zombie`);
  }
  const children = childrenOf(all);
  assert.ok(children.get(Deno.pid)?.includes(child.pid));
  assert.deepEqual(descendantsOf(children, child.pid), [grandchild.pid]);
  assert.ok(descendantsOf(children, Deno.pid).includes(grandchild.pid));
  Deno.kill(grandchild.pid, "SIGKILL");
});

Deno.test("descendantsOf() gives parents before children and survives a circle", () => {
  const children = childrenOf([
    { pid: 2, parentPid: 1 },
    { pid: 3, parentPid: 2 },
    { pid: 4, parentPid: 2 },
    { pid: 5, parentPid: 4 },
    { pid: 9, parentPid: 8 },
  ]);
  assert.deepEqual(descendantsOf(children, 2), [3, 4, 5]);
  assert.deepEqual(descendantsOf(children, 1), [2, 3, 4, 5]);
  assert.deepEqual(descendantsOf(children, 5), []);
  const circle = childrenOf([{ pid: 2, parentPid: 3 }, { pid: 3, parentPid: 2 }]);
  assert.deepEqual(descendantsOf(circle, 2), [3]);
});
