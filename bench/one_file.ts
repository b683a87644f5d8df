/** `deno task bench one-file`: how large the one file is, how fast it is ready, and what it holds in memory. */
import { join } from "node:path";
import { sleep } from "./clock.ts";
import { CHECKOUT } from "./processes.ts";

export interface OneFileOptions {
  readonly file: string;
  readonly rounds: number;
  readonly json: boolean;
}

/** Where `deno task compile` puts it. */
export const ONE_FILE: string = join(CHECKOUT, "dist", "alps-agent");

/** What is too much. */
const MOST_MB = 60, MOST_START_MS = 1000, MOST_MEMORY_MB = 250;

/** Runs it, prints the figures, returns 0, or 1 where one is too large. */
export async function runOneFile({ file, rounds, json }: OneFileOptions): Promise<number> {
  if (Deno.uid() !== 0) {
    console.error("cannot measure: loading eBPF programs needs root (sudo deno task bench one-file)");
    return 3;
  }
  const starts: number[] = [], memory: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { startMs, memoryMb } = await startOnce(file);
    starts.push(startMs);
    memory.push(memoryMb);
  }
  const middle = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1]!;
  const result = {
    file_mb: Deno.statSync(file).size / 1e6,
    start_ms: Math.round(middle(starts)),
    start_most_ms: Math.round(Math.max(...starts)),
    memory_mb: Math.round(middle(memory)),
  };
  console.log(
    json
      ? JSON.stringify(result, null, 2)
      : `${file}: ${result.file_mb.toFixed(1)} MB; from exec to /readyz 200 ${result.start_ms} ms ` +
        `(at most ${result.start_most_ms}); ${result.memory_mb} MB, files in memory included`,
  );
  return result.file_mb < MOST_MB && middle(starts) < MOST_START_MS && middle(memory) < MOST_MEMORY_MB
    ? 0
    : 1;
}

/** Starts an agent, waits until it is ready, looks at its memory some time later, and ends it. */
async function startOnce(file: string): Promise<{ startMs: number; memoryMb: number }> {
  const folder = await Deno.makeTempDir({ prefix: "alps-one-file-" });
  const port = freePort(), before = performance.now();
  const agent = new Deno.Command(file, {
    args: [
      ...["--ml", "LR", "--rule", "comm:one-file-{function}", "--listen", `127.0.0.1:${port}`],
      ...["--state", folder, "--socket", `${folder}/agent.sock`],
    ],
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let ended = false;
  agent.status.then(() => ended = true);
  try {
    while (!ended && !await isReady(port)) await sleep(1);
    if (ended) throw new Error(`${file} ended before it was ready`);
    const startMs = performance.now() - before;
    await sleep(3000);
    return { startMs, memoryMb: memoryOf(agent.pid) };
  } finally {
    if (!ended) agent.kill("SIGTERM");
    await agent.status;
    await Deno.remove(folder, { recursive: true });
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`);
    await response.body?.cancel();
    return response.status === 200;
  } catch {
    return false;
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Memory of a process in MB: what is its own, what it has of files, and all of its files in memory, used or not. */
function memoryOf(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  const kb = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1] ?? 0);
  // A file in memory that has been closed counts as long as it is mapped; one that is open may not be mapped.
  const files = new Map<number, number>();
  for (const { name } of Deno.readDirSync(`/proc/${pid}/fd`)) {
    const path = `/proc/${pid}/fd/${name}`;
    try {
      if (!Deno.readLinkSync(path).startsWith("/memfd:")) continue;
      const { ino, size } = Deno.statSync(path);
      files.set(ino!, size);
    } catch {
      // It has been closed meanwhile.
    }
  }
  for (const line of Deno.readTextFileSync(`/proc/${pid}/maps`).split("\n")) {
    const [range, , , , inode, name] = line.split(/\s+/);
    if (!name?.startsWith("/memfd:") || files.has(Number(inode))) continue;
    files.set(Number(inode), Deno.statSync(`/proc/${pid}/map_files/${range}`).size);
  }
  const inFiles = [...files.values()].reduce((sum, size) => sum + size, 0);
  return (kb("RssAnon") + kb("RssFile")) * 1024 / 1e6 + inFiles / 1e6;
}
