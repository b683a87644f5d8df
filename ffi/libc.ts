/** The few libc calls that Deno has no API for. Each worker opens its own handle; libc itself is shared. */

import { EINTR, KernelError } from "./errors.ts";
import { cString, memoryAt } from "./memory.ts";

const symbols = {
  // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  // int munmap(void *addr, size_t length)
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
  // int ppoll(struct pollfd *fds, nfds_t nfds, const struct timespec *timeout, const sigset_t *sigmask)
  ppoll: { parameters: ["buffer", "u64", "buffer", "pointer"], result: "i32" },
  // int clock_gettime(clockid_t clock, struct timespec *ts)
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" },
  // long syscall(long number, pid_t pid, struct sched_attr *attr, unsigned int flags)
  sched_setattr: { name: "syscall", parameters: ["i64", "i32", "buffer", "u32"], result: "i64" },
  // long syscall(long number, pid_t pid, struct sched_attr *attr, unsigned int size, unsigned int flags)
  sched_getattr: { name: "syscall", parameters: ["i64", "i32", "buffer", "u32", "u32"], result: "i64" },
  // int sched_setaffinity(pid_t pid, size_t size, const cpu_set_t *mask)
  sched_setaffinity: { parameters: ["i32", "usize", "buffer"], result: "i32" },
  // long syscall(long number, pid_t pid, unsigned int size, unsigned long *mask): bytes written, unlike libc's wrapper
  sched_getaffinity: { name: "syscall", parameters: ["i64", "i32", "u32", "buffer"], result: "i64" },
  // int setpriority(int which, id_t who, int priority)
  setpriority: { parameters: ["i32", "u32", "i32"], result: "i32" },
  // int eventfd(unsigned int initval, int flags)
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  // int pipe2(int pipefd[2], int flags)
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // int open(const char *path, int flags, mode_t mode)
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  // int posix_fallocate(int fd, off_t offset, off_t len): an errno, positive
  posix_fallocate: { parameters: ["i32", "i64", "i64"], result: "i32" },
  // int fstatfs(int fd, struct statfs *buf)
  fstatfs: { parameters: ["i32", "buffer"], result: "i32" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int flock(int fd, int operation) is Deno's own: Deno.FsFile.lock
  // struct passwd *getpwnam(const char *name)
  getpwnam: { parameters: ["buffer"], result: "pointer" },
  // pid_t gettid(void)
  gettid: { parameters: [], result: "i32" },
  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** System call numbers (asm/unistd_64.h, asm-generic/unistd.h). */
const NUMBERS = {
  x86_64: { sched_setattr: 314n, sched_getattr: 315n, sched_getaffinity: 204n },
  aarch64: { sched_setattr: 274n, sched_getattr: 275n, sched_getaffinity: 123n },
}[Deno.build.arch];

const PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const CLOCK_MONOTONIC = 1;
const O_RDWR = 2, O_CREAT = 0o100, O_EXCL = 0o200, O_CLOEXEC = 0o2000000;
const EFD_CLOEXEC = 0o2000000, EFD_NONBLOCK = 0o4000;

/** Scheduling policies (include/uapi/linux/sched.h). */
export const SCHED_NORMAL = 0, SCHED_FIFO = 1, SCHED_BATCH = 3, SCHED_IDLE = 5;
/** Children start with the default policy. */
export const SCHED_FLAG_RESET_ON_FORK = 1n;

/** `struct sched_attr`, first version (include/uapi/linux/sched/types.h): 48 bytes. */
export interface SchedAttr {
  policy: number;
  flags: bigint;
  /** −20 to 19, for `SCHED_NORMAL` and `SCHED_BATCH`. With `SCHED_IDLE` it can be set, but reads as 0. */
  nice: number;
  /** 1 to 99, real-time policies only. */
  priority: number;
  /**
   * Nanoseconds. For normal tasks since Linux 6.12 the time slice: reading gives the one in force, writing 0 the
   * machine's own.
   */
  runtimeNs: bigint;
}

/** One open handle of libc. */
export class Libc implements Disposable {
  readonly #library = Deno.dlopen("libc.so.6", symbols);
  readonly #c = this.#library.symbols;
  readonly #timespec = new Int32Array(4); // two 64-bit numbers; BigInts would be garbage at every look at the clock
  readonly #timeout = new BigInt64Array(2);
  readonly #attr = new Uint8Array(48);
  readonly #attrView = new DataView(this.#attr.buffer);
  readonly #numbers = NUMBERS ?? unsupportedArchitecture();

  [Symbol.dispose](): void {
    this.#library.close();
  }

  /** errno of the latest failed call of this thread. */
  errno(): number {
    return new Deno.UnsafePointerView(this.#c.__errno_location()!).getInt32();
  }

  #fail(action: string): never {
    throw new KernelError(action, this.errno());
  }

  /** Nanoseconds of `CLOCK_MONOTONIC`, the clock of every eBPF timestamp. */
  monotonicNs(): number {
    this.#c.clock_gettime(CLOCK_MONOTONIC, this.#timespec);
    const seconds = this.#timespec[1]! * 2 ** 32 + (this.#timespec[0]! >>> 0);
    return seconds * 1e9 + this.#timespec[2]!;
  }

  /** Maps `bytes` of a descriptor at `offset`. Unmapped when disposed. */
  map(fd: number, bytes: number, offset: number, writable: boolean): Mapping {
    const prot = PROT_READ | (writable ? PROT_WRITE : 0);
    const pointer = this.#c.mmap(null, BigInt(bytes), prot, MAP_SHARED, fd, BigInt(offset));
    if (pointer === null || BigInt(Deno.UnsafePointer.value(pointer)) === MAP_FAILED) {
      this.#fail(`cannot map ${bytes} bytes of descriptor ${fd}`);
    }
    return {
      buffer: memoryAt(pointer, bytes),
      [Symbol.dispose]: () => void this.#c.munmap(pointer, BigInt(bytes)),
    };
  }

  /**
   * Waits until a descriptor can be read or the time is over; blocks this thread, signals included.
   * @param fds `struct pollfd` array; the kernel fills in `revents`
   * @returns how many descriptors are ready; 0 after the time-out or an interruption
   */
  poll(fds: PollSet, timeoutNs: number): number {
    const seconds = Math.floor(timeoutNs / 1e9);
    this.#timeout[0] = BigInt(seconds);
    this.#timeout[1] = BigInt(Math.floor(timeoutNs - seconds * 1e9));
    const ready = this.#c.ppoll(fds.memory, BigInt(fds.count), this.#timeout, null);
    if (ready < 0) {
      if (this.errno() === EINTR) return 0;
      this.#fail("cannot poll");
    }
    return ready;
  }

  /** Scheduling attributes of a thread (0: the calling one), or the errno, negative, where that fails. */
  getAttr(tid: number): SchedAttr | number {
    const status = this.#c.sched_getattr(this.#numbers.sched_getattr, tid, this.#attr, 48, 0);
    if (status < 0n) return -this.errno();
    const v = this.#attrView;
    return {
      policy: v.getUint32(4, true),
      flags: v.getBigUint64(8, true),
      nice: v.getInt32(16, true),
      priority: v.getUint32(20, true),
      runtimeNs: v.getBigUint64(24, true),
    };
  }

  /** Sets scheduling attributes of a thread (0: the calling one). Returns 0, or the errno, negative. */
  setAttr(tid: number, attr: SchedAttr): number {
    const v = this.#attrView;
    this.#attr.fill(0);
    v.setUint32(0, 48, true);
    v.setUint32(4, attr.policy, true);
    v.setBigUint64(8, attr.flags, true);
    v.setInt32(16, attr.nice, true);
    v.setUint32(20, attr.priority, true);
    v.setBigUint64(24, attr.runtimeNs, true);
    return this.#c.sched_setattr(this.#numbers.sched_setattr, tid, this.#attr, 0) < 0n ? -this.errno() : 0;
  }

  /** CPU mask of a thread: fills `mask` (a multiple of 8 bytes). Returns the bytes filled, or the errno, negative. */
  getAffinity(tid: number, mask: Uint8Array<ArrayBuffer>): number {
    const n = this.#c.sched_getaffinity(this.#numbers.sched_getaffinity, tid, mask.byteLength, mask);
    return n < 0n ? -this.errno() : Number(n);
  }

  /** Sets the CPU mask of a thread. Returns 0, or the errno, negative. */
  setAffinity(tid: number, mask: Uint8Array<ArrayBuffer>): number {
    return this.#c.sched_setaffinity(tid, BigInt(mask.byteLength), mask) < 0 ? -this.errno() : 0;
  }

  /** Nice value of one thread (0: the calling one). Returns 0, or the errno, negative. */
  setNice(tid: number, nice: number): number {
    return this.#c.setpriority(0, tid, nice) < 0 ? -this.errno() : 0;
  }

  gettid(): number {
    return this.#c.gettid();
  }

  /** The number of a user, by whatever the machine's name service knows; undefined where it knows none of that name. */
  uidOf(name: string): number | undefined {
    const entry = this.#c.getpwnam(new TextEncoder().encode(name + "\0"));
    // struct passwd: pw_name, pw_passwd, then pw_uid.
    return entry === null ? undefined : new Deno.UnsafePointerView(entry).getUint32(16);
  }

  /** A descriptor that one thread writes to and another polls. */
  eventFd(): number {
    const fd = this.#c.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) this.#fail("cannot create an eventfd");
    return fd;
  }

  /** The two ends of a new pipe: what is written to the second is read from the first. */
  pipe(): [number, number] {
    const ends = new Int32Array(2);
    if (this.#c.pipe2(ends, O_CLOEXEC) < 0) this.#fail("cannot create a pipe");
    return [ends[0]!, ends[1]!];
  }

  /** Makes an eventfd readable. */
  signal(eventFd: number): void {
    this.#c.write(eventFd, new BigUint64Array([1n]), 8n);
  }

  /** Takes an eventfd's signals. */
  drainSignals(eventFd: number): void {
    this.#c.read(eventFd, new BigUint64Array(1), 8n);
  }

  /** Reads from a raw descriptor. Returns bytes read, 0 at the end, or the errno, negative. */
  read(fd: number, into: Uint8Array<ArrayBuffer>): number {
    const n = this.#c.read(fd, into, BigInt(into.byteLength));
    return n < 0n ? -this.errno() : Number(n);
  }

  /** Makes a file that is not there yet, for this user alone, to be read and written. Returns the descriptor. */
  createFile(path: string): number {
    const fd = this.#c.open(cString(path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600);
    if (fd < 0) this.#fail(`cannot create ${path}`);
    return fd;
  }

  /** Gives a file `bytes` of zeros with room on the disk: writing to them through a mapping cannot run out of it. */
  allocate(fd: number, bytes: number): void {
    const errno = this.#c.posix_fallocate(fd, 0n, BigInt(bytes));
    if (errno !== 0) throw new KernelError(`cannot allocate ${bytes} bytes`, errno);
  }

  /** The kind of file system that a file is on: `f_type` of statfs(2). */
  fileSystem(fd: number): number {
    const statfs = new BigUint64Array(32); // f_type is the first of its fields, 64 bits wide
    if (this.#c.fstatfs(fd, statfs) < 0) this.#fail(`cannot find out the file system of descriptor ${fd}`);
    return Number(statfs[0]! & 0xffff_ffffn);
  }

  close(fd: number): void {
    this.#c.close(fd);
  }
}

/** Memory of a file descriptor. */
export interface Mapping extends Disposable {
  readonly buffer: ArrayBuffer;
}

/** `struct pollfd[]` for descriptors that are waited for to become readable. */
export class PollSet {
  static readonly #POLLIN = 1;
  readonly memory: Uint32Array<ArrayBuffer>;
  readonly count: number;

  constructor(fds: readonly number[]) {
    this.count = fds.length;
    this.memory = new Uint32Array(fds.flatMap((fd) => [fd, PollSet.#POLLIN]));
  }

  /** Whether the i-th descriptor was ready in the latest poll. */
  ready(i: number): boolean {
    return (this.memory[2 * i + 1]! >>> 16) !== 0;
  }
}

function unsupportedArchitecture(): never {
  throw new Error(`cannot run on ${Deno.build.arch}: x86_64 or aarch64 is needed`);
}
