// SPDX-License-Identifier: GPL-2.0-only
/** Kernel configurations: what a fragment asks for, and what of it a configuration lacks. Pure. */

/** Options of a configuration or a fragment, by name: `y`, `m`, a number, a string, or `n` for one that is not set. */
export function configOptions(text: string): Map<string, string> {
  const options = new Map<string, string>();
  for (const line of text.split("\n")) {
    const set = /^(CONFIG_\w+)=(.*)$/.exec(line), unset = /^# (CONFIG_\w+) is not set$/.exec(line);
    if (set) options.set(set[1]!, set[2]!);
    else if (unset) options.set(unset[1]!, "n");
  }
  return options;
}

/**
 * What of a fragment a finished configuration does not have: options that this kernel does not know, or whose dependencies
 * are not met. An option that a configuration does not mention is not set.
 */
export function notTaken(fragment: string, config: string): string[] {
  const taken = configOptions(config);
  return [...configOptions(fragment)]
    .filter(([name, value]) => (taken.get(name) ?? "n") !== value)
    .map(([name, value]) => `${name}=${value}`);
}
