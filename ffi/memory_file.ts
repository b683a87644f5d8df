/** Files in memory, for what the kernel or the dynamic linker wants as a file. */

import { KernelError } from "./errors.ts";
import { cString } from "./memory.ts";

const symbols = {
  // int memfd_create(const char *name, unsigned int flags)
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  // ssize_t write(int fd, const void *buf, size_t count)
  write: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
} as const;

const EINTR = 4, EINVAL = 22;
/** `MFD_EXEC` since Linux 6.3; before, every such file may be executed and the flag is refused. */
const MFD_CLOEXEC = 1, MFD_EXEC = 16;

/** A file that is in memory alone, may be executed, and is gone when it has been closed everywhere. */
export class MemoryFile implements Disposable {
  readonly #library = Deno.dlopen("libc.so.6", symbols);
  readonly #fd: number;

  /** @param name shown by the kernel, as in `/memfd:NAME` */
  constructor(name: string, contents: Uint8Array) {
    this.#fd = this.#create(name);
    try {
      this.#write(contents);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Leads to the file for this process, and for a child until it executes something. */
  get path(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  #create(name: string): number {
    const c = this.#library.symbols;
    const errno = () => new Deno.UnsafePointerView(c.__errno_location()!).getInt32();
    let fd = c.memfd_create(cString(name), MFD_CLOEXEC | MFD_EXEC);
    if (fd < 0 && errno() === EINVAL) fd = c.memfd_create(cString(name), MFD_CLOEXEC);
    if (fd >= 0) return fd;
    const error = new KernelError(`cannot make the file "${name}" in memory`, errno());
    this.#library.close();
    throw error;
  }

  /**
   * Through its own descriptor, which the kernel does not count as one that writes: opened once more for that, it would be
   * busy (ETXTBSY) for as long as a child that another thread forks meanwhile holds a copy.
   */
  #write(contents: Uint8Array): void {
    const { write, __errno_location } = this.#library.symbols;
    for (let at = 0; at < contents.length;) {
      const rest = contents.subarray(at) as Uint8Array<ArrayBuffer>;
      const written = Number(write(this.#fd, rest, BigInt(rest.length)));
      if (written > 0) {
        at += written;
        continue;
      }
      const errno = new Deno.UnsafePointerView(__errno_location()!).getInt32();
      if (errno !== EINTR) throw new KernelError("cannot write a file in memory", errno);
    }
  }

  [Symbol.dispose](): void {
    this.#library.symbols.close(this.#fd);
    this.#library.close();
  }
}
