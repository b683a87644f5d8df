/** What this process holds of the kernel: descriptors and mappings, for tests that must find none left. */

/** How many descriptors there are of each kind: `anon_inode:bpf-map`, `socket`, a file's path, … */
export function descriptors(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of Deno.readDirSync("/proc/self/fd")) {
    let target: string;
    try {
      target = Deno.readLinkSync(`/proc/self/fd/${name}`);
    } catch {
      continue; // the one that lists them
    }
    const kind = target.replace(/:\[\d+\]$/, "");
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** How many mappings of eBPF maps there are. */
export function mappedMaps(): number {
  return Deno.readTextFileSync("/proc/self/maps").split("\n").filter((line) => line.includes("bpf-map"))
    .length;
}

/** How many threads this process has. */
export function threads(): number {
  return [...Deno.readDirSync("/proc/self/task")].length;
}
