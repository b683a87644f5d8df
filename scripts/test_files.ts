import { join } from "node:path";

/** What the person asked for on the command line of `deno task test`. */
export interface TestRequest {
  /** Test files and folders, relative to the checkout or absolute; none means all. */
  paths: string[];
  /** All else, passed on to `deno test`. */
  options: string[];
}

/**
 * Splits arguments: what exists as a file or folder is a path, anything else is an option (or an option's value).
 */
export function splitArguments(args: string[], exists: (path: string) => boolean): TestRequest {
  const isPath = (arg: string) => !arg.startsWith("-") && exists(arg);
  return { paths: args.filter(isPath), options: args.filter((arg) => !isPath(arg)) };
}

/** All `*_test.ts` in a folder and the folders below it, sorted; a file stands for itself. */
export function listTests(path: string): string[] {
  if (Deno.statSync(path).isFile) return [path];
  const files: string[] = [];
  for (const entry of Deno.readDirSync(path)) {
    const child = join(path, entry.name);
    if (entry.isDirectory) files.push(...listTests(child));
    else if (entry.name.endsWith("_test.ts")) files.push(child);
  }
  return files.sort();
}

/** Whether a test uses this machine's kernel: such tests run one after another, the others side by side. */
export function isLive(file: string): boolean {
  return /(^|\/)tests\/live\//.test(file);
}
