import { HEAP_OPTIONS } from "../../core/heap_keeper.ts";

/**
 * What both kinds of the one file let the program do. All of it, because Deno lets nobody read `/proc/PID` or write below
 * `/sys` with less: that is where processes are looked at and where cgroups are. Modules come from the file alone.
 */
const PERMISSIONS: readonly string[] = ["--allow-all"];

/** Deno looks neither for settings around the folder that it is started in, nor for modules elsewhere. */
const CLOSED: readonly string[] = ["--no-config", "--no-lock", "--no-npm", "--no-remote"];

/** All that Deno is told in both. */
export const OPTIONS: readonly string[] = [...CLOSED, ...PERMISSIONS, ...HEAP_OPTIONS];
