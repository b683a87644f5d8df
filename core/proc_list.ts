/** The machine's processes, from /proc. */

import type { ProcessList } from "../enforce/inherited.ts";
import { parseStat } from "../observe/proc.ts";
import { readIfThere } from "../observe/read_file.ts";

/** What ends while it is read is left out. */
export const procList: ProcessList = {
  processes: () =>
    numbersIn("/proc").flatMap((pid) => {
      const stat = parseStat(read(`/proc/${pid}/stat`));
      return stat ? [stat] : [];
    }),
  processOf: (tid) => {
    const line = /^Tgid:\s*(\d+)$/m.exec(read(`/proc/${tid}/status`));
    return line ? Number(line[1]) : undefined;
  },
  threadsOf: (pid) => numbersIn(`/proc/${pid}/task`),
};

const read = (path: string): string => readIfThere(path) ?? "";

function numbersIn(folder: string): number[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => Number(name)).filter(Number.isInteger);
  } catch {
    return [];
  }
}
