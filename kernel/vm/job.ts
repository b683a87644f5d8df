// SPDX-License-Identifier: GPL-2.0-only
/** What the virtual machine is told to do. */
import { ROOT } from "../../scripts/paths.ts";

/** Variables that say where Deno keeps what it has fetched, where the portable file is, and how long a test is to last. */
const KEPT = ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "PATH", "ALPS_TEST_PORTABLE", "ALPS_STRESS_SECONDS"];

/**
 * The shell script that runs test files in the machine. Types have been checked on the host, and there is no network.
 *
 * @param files relative to the checkout, or absolute
 * @param options of `deno test`
 * @param patience how many times as long as on a real machine everything may take
 */
export function jobScript(files: readonly string[], options: readonly string[], patience: number): string {
  return commandScript(["scripts/test.ts", ...OFFLINE, ...options, ...files], patience);
}

/** What has been cached before is all that there is. */
const OFFLINE = ["--no-check", "--cached-only"];

/**
 * The shell script that runs a module of the checkout in the machine.
 *
 * @param words the module, and its arguments
 * @param patience as above
 */
export function commandScript(words: readonly string[], patience: number): string {
  const variables: [string, string][] = KEPT.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  // A file system in memory: files of the layered root have other numbers in stat(2) than in /proc/locks.
  variables.push(["TMPDIR", "/dev/shm"], ["NO_COLOR", "1"], ["DENO_NO_UPDATE_CHECK", "1"], [
    "ALPS_TEST_PATIENCE",
    `${patience}`,
  ]);
  const command = [Deno.execPath(), "run", "-A", ...OFFLINE, ...words];
  return [
    ...variables.map(([name, value]) => `export ${name}=${quoted(value)}`),
    `cd ${quoted(ROOT)} || exit 1`,
    `exec ${command.map(quoted).join(" ")}`,
    "",
  ].join("\n");
}

/** A word as the shell takes it unchanged. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
