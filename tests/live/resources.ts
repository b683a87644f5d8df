/** What is held of the kernel: descriptors, mappings and eBPF objects, for tests that must find none left. */

import { nativeProgram } from "./build_native.ts";

/** The eBPF programs, maps and links that the kernel has, whoever holds them: `prog 12`, `map 7`, … */
export async function bpfObjects(): Promise<string[]> {
  const { success, stdout } = await new Deno.Command(await nativeProgram("bpf_ids")).output();
  if (!success) throw new Error("cannot list the kernel's eBPF objects");
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

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

/** How many entries each of a process's eBPF hash maps has, by the map's name. */
export async function mapEntries(pid: number): Promise<Map<string, number>> {
  const ids = [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
    let info: string;
    try {
      info = Deno.readTextFileSync(`/proc/${pid}/fdinfo/${name}`);
    } catch {
      return []; // closed meanwhile
    }
    const id = /^map_id:\t([0-9]+)$/m.exec(info)?.[1];
    return id !== undefined && /^map_type:\t1$/m.test(info) ? [id] : [];
  });
  const command = new Deno.Command(await nativeProgram("map_entries"), { args: ids });
  const { success, stdout } = await command.output();
  if (!success || ids.length === 0) throw new Error(`cannot look into the maps of process ${pid}`);
  const lines = new TextDecoder().decode(stdout).trim().split("\n").map((line) => line.split(" "));
  return new Map(lines.map(([name, count]) => [name!, Number(count)]));
}
