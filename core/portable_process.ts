/**
 * What the portable file's process looks like from outside, and to what it starts: Deno was started from memory there, with
 * arguments and variables of its own.
 */

import { packaging } from "../ffi/assets.ts";
import { memoryAt } from "../ffi/memory.ts";

const NAME = "alps-agent";

const symbols = {
  // int prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5)
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
} as const;

/** include/uapi/linux/prctl.h */
const PR_SET_MM = 35, PR_SET_MM_ARG_END = 9n;

/** Variables that the launcher sets for Deno, and what it puts before the name of those that it keeps from Deno. */
const FOR_DENO = ["DENO_DIR", "DENO_NO_UPDATE_CHECK"], KEPT = "_ALPS_KEPT_";

/**
 * Has the portable file show as `alps-agent` with the arguments that it was given, and gives what it starts the variables
 * that it was given. Other kinds of program do so by themselves.
 */
export function settlePortableProcess(args: readonly string[]): void {
  if (packaging() !== "portable") return;
  for (const [name, value] of variableChanges(Deno.env.toObject())) {
    if (value === undefined) Deno.env.delete(name);
    else Deno.env.set(name, value);
  }
  try {
    Deno.writeTextFileSync("/proc/self/comm", NAME);
    showArguments([NAME, ...args]);
  } catch {
    // Nothing but what people see depends on it.
  }
}

/** What makes the variables those that the launcher was given; undefined removes one. */
export function variableChanges(env: Readonly<Record<string, string>>): Map<string, string | undefined> {
  const changes = new Map<string, string | undefined>(FOR_DENO.map((name) => [name, undefined]));
  for (const [name, value] of Object.entries(env)) {
    if (name.startsWith(KEPT)) changes.set(name, undefined).set(name.slice(KEPT.length), value);
  }
  return changes;
}

/** Where a process's arguments are in its memory: `arg_start` and `arg_end` of /proc/PID/stat. */
export function argumentsArea(stat: string): { start: bigint; bytes: number } {
  // A name may hold spaces and parentheses: fields are counted from behind it, the third first.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const start = BigInt(fields[48 - 3] ?? 0), end = BigInt(fields[49 - 3] ?? 0);
  return { start, bytes: Number(end - start) };
}

/** Replaces the arguments that the kernel shows. Deno has read its own before any program runs. */
function showArguments(args: readonly string[]): void {
  const { start, bytes } = argumentsArea(Deno.readTextFileSync("/proc/self/stat"));
  const shown = new TextEncoder().encode(args.map((arg) => `${arg}\0`).join(""));
  const pointer = Deno.UnsafePointer.create(start);
  if (pointer === null || shown.length > bytes) return;
  const area = new Uint8Array(memoryAt(pointer, bytes));
  area.fill(0);
  area.set(shown);
  // Without this right, zeros follow.
  const library = Deno.dlopen("libc.so.6", symbols);
  library.symbols.prctl(PR_SET_MM, PR_SET_MM_ARG_END, start + BigInt(shown.length), 0n, 0n);
  library.close();
}
