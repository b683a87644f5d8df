import assert from "node:assert/strict";
import { ESRCH, KernelError } from "../../ffi/errors.ts";
import { Libc, PollSet, SCHED_NORMAL } from "../../ffi/libc.ts";

/** A thread id that no thread has: the kernel's highest is 2^22. */
const NOBODY = 2 ** 22 + 1;

Deno.test("Libc.monotonicNs() counts from the start of the machine and never goes back", () => {
  using libc = new Libc();
  const uptimeNs = () => Number(Deno.readTextFileSync("/proc/uptime").split(" ")[0]) * 1e9;
  const now = libc.monotonicNs(), after = uptimeNs() + 1e7;
  // CLOCK_MONOTONIC stops in suspend, uptime does not.
  assert.ok(now > 0 && now <= after, `${now} is after ${after}`);
  for (let i = 0, last = now; i < 1000; i++) {
    const next = libc.monotonicNs();
    assert.ok(next >= last);
    last = next;
  }
});

Deno.test("Libc.getAttr() shows the calling thread's class; a thread that is not there gives ESRCH", () => {
  using libc = new Libc();
  const own = libc.getAttr(0);
  assert.ok(typeof own === "object");
  const nice = Number(/^.*\) (?:\S+ ){16}(-?\d+)/.exec(Deno.readTextFileSync("/proc/thread-self/stat"))?.[1]);
  if (own.policy === SCHED_NORMAL) assert.equal(own.nice, nice);
  assert.equal(libc.getAttr(NOBODY), -ESRCH);
});

Deno.test("Libc.setAttr(), setAffinity() and getAffinity() give ESRCH for a thread that is not there", () => {
  using libc = new Libc();
  const attr = { policy: SCHED_NORMAL, flags: 0n, nice: 0, priority: 0, runtimeNs: 0n };
  assert.equal(libc.setAttr(NOBODY, attr), -ESRCH);
  assert.equal(libc.setAffinity(NOBODY, new Uint8Array(128).fill(255)), -ESRCH);
  assert.equal(libc.getAffinity(NOBODY, new Uint8Array(128)), -ESRCH);
  assert.equal(libc.setNice(NOBODY, 0), -ESRCH);
});

Deno.test("Libc.getAffinity() fills the mask with what the thread may use", () => {
  using libc = new Libc();
  const mask = new Uint8Array(128);
  const bytes = libc.getAffinity(0, mask);
  assert.ok(bytes > 0 && bytes % 8 === 0 && bytes <= 128, `${bytes} bytes`);
  const cpus = [...mask].reduce((count, byte) => count + byte.toString(2).replaceAll("0", "").length, 0);
  const list = /Cpus_allowed:\s*(\S+)/.exec(Deno.readTextFileSync("/proc/thread-self/status"))![1]!;
  const wanted = list.replaceAll(",", "").split("").reduce(
    (count, digit) => count + parseInt(digit, 16).toString(2).replaceAll("0", "").length,
    0,
  );
  assert.equal(cpus, wanted);
});

Deno.test("Libc.poll() tells which descriptor can be read, and 0 after the time-out", () => {
  using libc = new Libc();
  const first = libc.eventFd(), second = libc.eventFd();
  try {
    const set = new PollSet([first, second]);
    assert.equal(libc.poll(set, 1e6), 0);
    assert.deepEqual([set.ready(0), set.ready(1)], [false, false]);
    libc.signal(second);
    assert.equal(libc.poll(set, 10e9), 1);
    assert.deepEqual([set.ready(0), set.ready(1)], [false, true]);
    libc.drainSignals(second);
    assert.equal(libc.poll(set, 0), 0);
    assert.deepEqual([set.ready(0), set.ready(1)], [false, false]);
  } finally {
    libc.close(first);
    libc.close(second);
  }
});

Deno.test("Libc.map() says what it could not map, and why", () => {
  using libc = new Libc();
  assert.throws(() => libc.map(-1, 4096, 0, false), (error) => {
    assert.ok(error instanceof KernelError);
    assert.equal(error.message, "cannot map 4096 bytes of descriptor -1: EBADF (bad file descriptor)");
    return true;
  });
});

Deno.test("Libc.map() shows a file's memory until it is disposed", () => {
  using libc = new Libc();
  const path = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(path, "hello");
    const maps = () => Deno.readTextFileSync("/proc/self/maps").includes(path);
    const c = Deno.dlopen("libc.so.6", { open: { parameters: ["buffer", "i32"], result: "i32" } });
    const fd = c.symbols.open(new TextEncoder().encode(path + "\0"), 0);
    c.close();
    {
      using mapping = libc.map(fd, 4096, 0, false);
      libc.close(fd);
      assert.equal(new TextDecoder().decode(new Uint8Array(mapping.buffer, 0, 5)), "hello");
      assert.ok(maps());
    }
    assert.ok(!maps());
  } finally {
    Deno.removeSync(path);
  }
});

Deno.test("Libc.read() gives the errno of a descriptor that is not open", () => {
  using libc = new Libc();
  assert.equal(libc.read(-1, new Uint8Array(8)), -9);
});

Deno.test("Libc.createFile() makes a file of its own, allocate() gives it room, fileSystem() says where it is", () => {
  using libc = new Libc();
  const folder = Deno.makeTempDirSync({ dir: "/dev/shm" }), path = `${folder}/file`;
  try {
    const fd = libc.createFile(path);
    try {
      libc.allocate(fd, 10_000);
      const { size, blocks, mode } = Deno.statSync(path);
      assert.deepEqual([size, blocks! * 512 >= size, mode! & 0o777], [10_000, true, 0o600]);
      assert.equal(libc.fileSystem(fd), 0x01021994, "tmpfs");
      assert.throws(() => libc.createFile(path), { message: new RegExp(`^cannot create ${path}: EEXIST`) });
    } finally {
      libc.close(fd);
    }
    assert.throws(() => libc.allocate(fd, 1), { message: /^cannot allocate 1 bytes: EBADF/ });
    assert.throws(() => libc.fileSystem(-1), { message: /EBADF/ });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
