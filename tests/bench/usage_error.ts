import assert from "node:assert/strict";
import { UsageError } from "../../cli/errors.ts";

/** What a command's parser says, in one line, of arguments that are not allowed. Fails where they are. */
export function usageErrorOf(parse: (args: readonly string[]) => unknown): (...args: string[]) => string {
  return (...args) => {
    try {
      parse(args);
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      assert.ok(!error.message.includes("\n"), error.message);
      return error.message;
    }
    throw new Error(`${args.join(" ")} is allowed`);
  };
}
