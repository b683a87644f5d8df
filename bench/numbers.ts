/** Numbers on the command lines of `deno task bench overhead`, `memory` and their like. */

import { InvalidArgumentError } from "commander";

/** Reads a whole number from `least` to `most`; else commander says what is allowed and ends with status 1. */
export function wholeNumber(least = 1, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;

    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Must be a whole number ${range}.`);
  };
}

/** Reads a number above 0. */
export function positiveNumber(text: string): number {
  const value = Number(text);
  if (value > 0 && value < Infinity && text.trim() !== "") return value;
  throw new InvalidArgumentError("Must be a number above 0.");
}
