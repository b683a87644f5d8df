import { join } from "node:path";
import { describeCommit } from "../../bench/machine.ts";
import type { About } from "../../core/about.ts";
import { BUILD_DIR, ROOT } from "../paths.ts";
import { bundle } from "./bundle.ts";
import { collectLicences, licencesText } from "./licences.ts";

/**
 * Puts together what goes into the one file: the bundled program, and everything that it reads by `readAsset()`. All of it
 * has been built; the caller holds the build lock.
 * @param folder an empty or missing one
 * @returns the files' names, sorted
 */
export async function stage(folder: string): Promise<string[]> {
  for (const name of ["libbpf/lib", "bpf", "host", "deploy"]) {
    await Deno.mkdir(join(folder, name), { recursive: true });
  }
  const objects = [...Deno.readDirSync(join(BUILD_DIR, "bpf"))].map((entry) => entry.name)
    .filter((name) => name.endsWith(".bpf.o") && !name.startsWith("."));
  for (
    const name of [
      "libbpf/lib/libbpf.so.1",
      "host/alps-functions",
      ...objects.map((name) => `bpf/${name}`),
    ]
  ) {
    await Deno.copyFile(join(BUILD_DIR, name), join(folder, name));
  }
  for (const name of ["deploy/alps-agent.service", "deploy/agent.json"]) {
    await Deno.copyFile(join(ROOT, name), join(folder, name));
  }
  const about: About = { commit: await describeCommit(ROOT) };
  await Deno.writeTextFile(join(folder, "about.json"), JSON.stringify(about) + "\n");
  await Deno.writeTextFile(join(folder, "licences.txt"), licencesText(await collectLicences()));
  await bundle(folder);
  return listFiles(folder);
}

/** The files of a folder and the folders below it, as paths relative to it, sorted. */
export function listFiles(folder: string, prefix = ""): string[] {
  return [...Deno.readDirSync(folder)].flatMap((entry) =>
    entry.isDirectory
      ? listFiles(join(folder, entry.name), `${prefix}${entry.name}/`)
      : [`${prefix}${entry.name}`]
  ).sort();
}
