/**
 * Files of the kernel by plain system calls: for a thread that must not wait for Deno's own file operations, and for cgroups
 * by their ids. Errors are returned as negative errno, because most of them are expected: a cgroup that is gone, say.
 */

import { cString, fromCString } from "./memory.ts";

const symbols = {
  // int open(const char *path, int flags)
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // int openat(int dirfd, const char *path, int flags)
  openat: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // int open_by_handle_at(int mount_fd, struct file_handle *handle, int flags)
  open_by_handle_at: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // ssize_t readlink(const char *path, char *buf, size_t size)
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // ssize_t pread(int fd, void *buf, size_t count, off_t offset)
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "isize" },
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // long syscall(long number, int cmd, union bpf_attr *attr, unsigned int size)
  bpf: { name: "syscall", parameters: ["i64", "i32", "buffer", "u32"], result: "i64" },
  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
} as const;

/** Number of the system call `bpf` (asm/unistd_64.h, asm-generic/unistd.h). */
const BPF = { x86_64: 321n, aarch64: 280n }[Deno.build.arch] ?? 0n;
const BPF_ITER_CREATE = 33;

const O_RDWR = 2, O_CLOEXEC = 0o2000000;
/** Only a place in the file system: `O_PATH` is the same number on both architectures. */
const O_PATH = 0o10000000;
/** A file handle that is a cgroup's id (include/linux/exportfs.h). */
const FILEID_KERNFS = 0xfe;
const PATH_BYTES = 4096;

const encoder = new TextEncoder();

/** One open handle of libc for file operations. */
export class Files implements Disposable {
  readonly #library = Deno.dlopen("libc.so.6", symbols);
  readonly #c = this.#library.symbols;
  readonly #text = new Uint8Array(256);

  [Symbol.dispose](): void {
    this.#library.close();
  }

  #errno(): number {
    return new Deno.UnsafePointerView(this.#c.__errno_location()!).getInt32();
  }

  #result(status: number): number {
    return status < 0 ? -this.#errno() : status;
  }

  /** Opens a file for reading and writing. Returns its descriptor, or the errno, negative. */
  open(path: string): number {
    return this.#result(this.#c.open(cString(path), O_RDWR | O_CLOEXEC));
  }

  /** Opens a place in the file system, for {@link openIn} and {@link openCgroup}. */
  openPath(path: string): number {
    return this.#result(this.#c.open(cString(path), O_PATH | O_CLOEXEC));
  }

  /** Opens a folder's file for reading and writing. */
  openIn(folderFd: number, name: string): number {
    return this.#result(this.#c.openat(folderFd, cString(name), O_RDWR | O_CLOEXEC));
  }

  /**
   * The folder of a cgroup, found by its id, as a place. Needs CAP_DAC_READ_SEARCH.
   * @param mountFd where the cgroup's hierarchy is mounted; not one of {@link openPath}
   */
  openCgroup(mountFd: number, id: number): number {
    // struct file_handle: unsigned int handle_bytes; int handle_type; unsigned char f_handle[]
    const handle = new Uint8Array(16), view = new DataView(handle.buffer);
    view.setUint32(0, 8, true);
    view.setInt32(4, FILEID_KERNFS, true);
    view.setBigUint64(8, BigInt(id), true);
    return this.#result(this.#c.open_by_handle_at(mountFd, handle, O_PATH | O_CLOEXEC));
  }

  /** A folder to find cgroups under. */
  openFolder(path: string): number {
    return this.#result(this.#c.open(cString(path), O_CLOEXEC));
  }

  /** The path of an open descriptor; undefined where it has none. */
  pathOf(fd: number): string | undefined {
    const path = new Uint8Array(PATH_BYTES);
    const n = Number(this.#c.readlink(cString(`/proc/self/fd/${fd}`), path, BigInt(PATH_BYTES)));
    return n > 0 && n < PATH_BYTES ? fromCString(path.subarray(0, n)) : undefined;
  }

  /** The text of a small file, without the last line feed; or the errno, negative. */
  readText(fd: number): string | number {
    const n = Number(this.#c.pread(fd, this.#text, BigInt(this.#text.length), 0n));
    return n < 0 ? -this.#errno() : fromCString(this.#text.subarray(0, n)).trimEnd();
  }

  /** Replaces the text of a kernel's file, for which the place written to is of no matter. Returns 0, or the errno, negative. */
  writeText(fd: number, text: string): number {
    const bytes = encoder.encode(text);
    return Number(this.#c.write(fd, bytes, BigInt(bytes.length))) < 0 ? -this.#errno() : 0;
  }

  close(fd: number): void {
    this.#c.close(fd);
  }

  /**
   * Runs an attached eBPF iterator and hands over what it writes, piece by piece, in `buffer`.
   * @returns 0, or the errno, negative
   */
  iterate(linkFd: number, buffer: Uint8Array<ArrayBuffer>, take: (bytes: number) => void): number {
    const attr = new Uint32Array([linkFd, 0]);
    const fd = Number(this.#c.bpf(BPF, BPF_ITER_CREATE, new Uint8Array(attr.buffer), 8));
    if (fd < 0) return -this.#errno();
    try {
      for (;;) {
        const n = Number(this.#c.read(fd, buffer, BigInt(buffer.length)));
        if (n < 0) return -this.#errno();
        if (n === 0) return 0;
        take(n);
      }
    } finally {
      this.#c.close(fd);
    }
  }
}
