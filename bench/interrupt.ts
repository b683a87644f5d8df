/**
 * Running something that a signal can interrupt, with its errors in a line.
 */
import { ExitStatus, NotPossibleError, UsageError } from "../cli/errors.ts";
import { escapedLines } from "../observe/names.ts";

/** Why a signal's reason is what it is: ended by SIGHUP, SIGINT or SIGTERM. */
export class Interrupted extends Error {
  /** @param status what a shell reports: 128 + the signal's number */
  constructor(readonly status: number) {
    super("interrupted");
  }
}

/**
 * Runs a command with a signal that is aborted, with {@link Interrupted} as its reason, where this process is told to end.
 *
 * @returns its exit status; that of {@link Interrupted} after a signal; where it throws, the error's, after a line
 */
export async function runInterruptibly(
  name: string,
  action: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const interrupt = new AbortController();
  const listeners = ([["SIGHUP", 129], ["SIGINT", 130], ["SIGTERM", 143]] as const).map(([name, status]) => {
    const listener = () => interrupt.abort(new Interrupted(status));
    Deno.addSignalListener(name, listener);
    return () => Deno.removeSignalListener(name, listener);
  });
  const { signal } = interrupt;
  try {
    return await action(signal);
  } catch (error) {
    // Ctrl-C reaches host and agent too: that they ended is no error then.
    if (signal.reason instanceof Interrupted) return signal.reason.status;
    console.error(`${name}: ${escapedLines(describeError(error))}`);
    if (error instanceof UsageError) return ExitStatus.usage;
    return error instanceof NotPossibleError ? ExitStatus.notPossible : ExitStatus.failed;
  } finally {
    for (const forget of listeners) forget();
  }
}

/** One line for what was foreseen; for a mistake of this program the stack, which whoever mends it needs. */
function describeError(error: unknown): string {
  const mistake = [TypeError, ReferenceError, RangeError, SyntaxError].some((type) => error instanceof type);
  return !(error instanceof Error) ? String(error) : mistake ? error.stack ?? error.message : error.message;
}
