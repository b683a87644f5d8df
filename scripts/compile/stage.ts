import { join } from "node:path";
import { describeCommit } from "../../bench/machine.ts";
import type { About } from "../../core/about.ts";
import { embeddedName } from "../../ffi/assets.ts";
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
  await Deno.mkdir(folder, { recursive: true });
  const objects = [...Deno.readDirSync(join(BUILD_DIR, "bpf"))].map((entry) => entry.name)
    .filter((name) => name.endsWith(".bpf.o") && !name.startsWith("."));
  const files = [
    ...[
      "libbpf/lib/libbpf.so.1",
      "host/alps-functions",
      "bench/alps-send",
      ...objects.map((name) => `bpf/${name}`),
    ]
      .map((name) => join(BUILD_DIR, name)),
    ...["deploy/alps-agent.service", "deploy/agent.json"].map((name) => join(ROOT, name)),
  ];
  for (const file of files) await Deno.copyFile(file, join(folder, embeddedName(file)));
  const about: About = { commit: await describeCommit(ROOT) };
  await Deno.writeTextFile(join(folder, "about.json"), JSON.stringify(about) + "\n");
  await Deno.writeTextFile(join(folder, "licences.txt"), licencesText(await collectLicences()));
  await bundle(folder);
  return [...Deno.readDirSync(folder)].map((entry) => entry.name).sort();
}
