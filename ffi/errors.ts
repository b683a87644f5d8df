/** Errors of the kernel and of libbpf, made from errno in one place. */

/** Names of the error numbers that our calls can give (asm-generic/errno*.h; the same on x86-64 and arm64). */
const ERRNO_NAMES: Record<number, string> = {
  1: "EPERM (not permitted)",
  2: "ENOENT (not found)",
  3: "ESRCH (no such process)",
  4: "EINTR (interrupted)",
  7: "E2BIG (too big)",
  9: "EBADF (bad file descriptor)",
  11: "EAGAIN (try again)",
  12: "ENOMEM (out of memory)",
  13: "EACCES (permission denied)",
  14: "EFAULT (bad address)",
  16: "EBUSY (busy)",
  17: "EEXIST (exists)",
  19: "ENODEV (no such device)",
  22: "EINVAL (invalid argument)",
  24: "EMFILE (too many open files)",
  28: "ENOSPC (no space)",
  38: "ENOSYS (not in this kernel)",
  75: "EOVERFLOW",
  95: "EOPNOTSUPP (not supported)",
  524: "ENOTSUPP (not supported by this kernel)",
  // libbpf's own (enum libbpf_errno).
  4000: "not a valid ELF file",
  4001: "not a valid eBPF object",
  4003: "made for a machine of the other byte order",
  4005: "relocation failed",
};

export const EPERM = 1, ENOENT = 2, ESRCH = 3, EINTR = 4, EEXIST = 17, ENODEV = 19;

/** `EINVAL (invalid argument)` for 22; the bare number where the name is not known. */
export function errnoName(errno: number): string {
  return ERRNO_NAMES[errno] ?? `errno ${errno}`;
}

/** A system call or a libbpf call failed. */
export class KernelError extends Error {
  /**
   * @param action what was tried, with its value: `cannot attach "on_switch"`
   * @param errno positive
   * @param log the whole verifier log, where there is one
   */
  constructor(action: string, readonly errno: number, readonly log?: string) {
    const reason = verifierReason(log ?? "");
    super(`${action}: ${errnoName(errno)}${reason && "\n" + reason}`);
    this.name = "KernelError";
  }
}

/** This machine cannot do it: which kernel, option or privilege would. */
export class NotSupportedError extends Error {
  constructor(readonly reason: string, readonly remedy: string) {
    super(`${reason}; ${remedy}`);
    this.name = "NotSupportedError";
  }
}

/** The last lines of a verifier log that say why a program was refused, without the state dumps around them. */
export function verifierReason(log: string, lines = 12): string {
  const useful = log.split("\n").filter((line) =>
    line.trim() !== "" &&
    !/^libbpf: (loading|elf: (section|skipping)|map '.*': at sec_idx)|^processed \d+ insns|^verification time|-- (BEGIN|END) PROG LOAD LOG/
      .test(line) &&
    !/^(from \d+ to|\d+: R\d)/.test(line)
  );
  return useful.slice(-lines).map((line) => "  " + line).join("\n");
}

/** Why a file operation of Deno failed, without the error's number and the operation, which Deno appends. */
export function osReason(error: unknown): string {
  return error instanceof Error ? error.message.replace(/ \(os error .*$/s, "") : String(error);
}
