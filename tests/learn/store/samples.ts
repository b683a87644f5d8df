import type { FunctionSamples } from "../../../learn/learner.ts";

/** Samples that 32-bit floating-point numbers hold exactly. */
export function samples(value: number, count = 5): FunctionSamples {
  return {
    cpuNs: new Array(count).fill(value * 2 ** 20),
    slicesNs: new Array(count).fill(value * 2 ** 19),
    distribution: [300, count],
  };
}

/** As lists, for comparisons. */
export function plain(known: Iterable<[string, FunctionSamples]>): [string, number[], number[], number[]][] {
  return [...known].map(([name, { cpuNs, slicesNs, distribution }]) => [
    name,
    [...cpuNs],
    [...slicesNs],
    [...distribution ?? []],
  ]);
}

/** A folder that is gone after the test. */
export async function withFolder(test: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "alps-store-" });
  try {
    await test(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
