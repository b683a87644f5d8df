/** The test programs in `native/`, compiled once per test file and removed with it; `serve` is the benchmarks', too. */

import { buildServe } from "../../bench/containers/build.ts";

const built = new Map<string, Promise<string>>();

/** Path of the program made from `native/NAME.c`. */
export function nativeProgram(
  name:
    | "spin"
    | "churn"
    | "serve"
    | "bpf_ids"
    | "waits"
    | "bomb"
    | "hog"
    | "jobs"
    | "crowd"
    | "scribble"
    | "map_entries"
    | "stress",
): Promise<string> {
  const path = built.get(name) ?? (name === "serve" ? buildServe() : compile(name));
  built.set(name, path);
  return path;
}

async function compile(name: string): Promise<string> {
  const source = new URL(`./native/${name}.c`, import.meta.url).pathname;
  const folder = await Deno.makeTempDir({ prefix: `alps-${name}-` });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const path = `${folder}/${name}`;
  const { success, stderr } = await new Deno.Command("cc", {
    args: ["-O1", "-Wall", "-Werror", "-pthread", "-o", path, source],
  }).output();
  if (!success) throw new Error(`cannot compile ${source}: ${new TextDecoder().decode(stderr)}`);
  return path;
}
