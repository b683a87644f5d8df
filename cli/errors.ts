/** How the program ends, and the errors that decide it. */

/** Exit status of every command. */
export const ExitStatus = {
  /** Done. */
  done: 0,
  /** Failed while running or starting: a port that is taken, a file that cannot be read. */
  failed: 1,
  /** Wrong usage: an option, value or rule that does not exist. */
  usage: 2,
  /** Not possible on this machine: no root, no BTF, no ring buffer. */
  notPossible: 3,
} as const;

/** Wrong usage. The message is one line: what was given, and what is allowed. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Something that this machine does not have. */
export class NotPossibleError extends Error {
  override name = "NotPossibleError";
  /**
   * @param reason what is missing: "not running as root".
   * @param remedy how to get it: "start it with sudo".
   */
  constructor(readonly reason: string, readonly remedy: string, options?: ErrorOptions) {
    super(`${reason}: ${remedy}`, options);
  }
}

/** Something that failed and whose message says all that there is to say: no stack is shown. */
export class FailedError extends Error {
  override name = "FailedError";
}
