/** What this program is: for `--version` and `--licenses`, and for whoever records where figures come from. */

import project from "../deno.json" with { type: "json" };
import { packaging, readAssetText } from "../ffi/assets.ts";
import { Libbpf } from "../ffi/libbpf.ts";

/** What the build notes down. */
export interface About {
  /** The commit that it was built from, with `-dirty` after it where files differed from it. */
  commit: string;
}

const PACKAGING = {
  source: "run from its source",
  compiled: "one file, made by deno compile",
  portable: "one file, made by the portable launcher",
};

/** The commit that this program was built from; undefined where it runs from its source. */
export function builtFrom(): string | undefined {
  if (packaging() === "source") return undefined;
  const { commit }: About = JSON.parse(readAssetText("about.json"));
  return commit;
}

/** The text of `--version`: its first line is for machines. */
export function versionText(): string {
  using libbpf = new Libbpf();
  return [
    `alps-agent ${project.version}`,
    `commit     ${builtFrom() ?? "that of the checkout"}`,
    `packaging  ${PACKAGING[packaging()]}`,
    `Deno       ${Deno.version.deno}`,
    `libbpf     ${libbpf.version().replace(/^v/, "")}`,
    "",
  ].join("\n");
}

/** The text of `--licenses`. */
export function licencesText(): string {
  return readAssetText("licences.txt");
}
