/** What `ps` and `top` show of the portable file: Deno was started from memory there, with arguments of its own. */

import { packaging } from "../ffi/assets.ts";
import { memoryAt } from "../ffi/memory.ts";

const NAME = "alps-agent";

const symbols = {
  // int prctl(int option, unsigned long arg2, unsigned long arg3, unsigned long arg4, unsigned long arg5)
  prctl: { parameters: ["i32", "u64", "u64", "u64", "u64"], result: "i32" },
} as const;

/** include/uapi/linux/prctl.h */
const PR_SET_MM = 35, PR_SET_MM_ARG_END = 9n;

/** Has the portable file show as `alps-agent` with the arguments that it was given. Other kinds do so by themselves. */
export function nameProcess(args: readonly string[]): void {
  if (packaging() !== "portable") return;
  try {
    Deno.writeTextFileSync("/proc/self/comm", NAME);
    showArguments([NAME, ...args]);
  } catch {
    // Nothing but what people see depends on it.
  }
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
