/** The licences of everything that is in the one file: what `alps-agent --licenses` prints. */
import { join } from "node:path";
import { isFile, runOrFail, SetupError } from "../command.ts";
import { ELFUTILS_SOURCE, LIBBPF_SOURCE, ZLIB_SOURCE } from "../libbpf_source.ts";
import { LIBBPF_DIR, ROOT } from "../paths.ts";
import { ENTRY_POINTS } from "./bundle.ts";

/** Where Debian keeps what may be done with a package, and whole texts that several packages have. */
const DOCUMENTS = "/usr/share/doc", TEXTS = "/usr/share/common-licenses";

/** One part of the file. */
export interface Component {
  name: string;
  /** What it is for, and under which licence it is in the file, in a sentence or two. */
  about: string;
  text: string;
}

/** An npm package, as `deno info --json` describes it. */
interface NpmPackage {
  name: string;
  version: string;
  dependencies: string[];
  localPath: string;
}

/** All of it as one text. */
export function licencesText(components: readonly Component[]): string {
  const line = "=".repeat(100);
  const list = components.map(({ name, about }) => `  ${name}: ${about}`).join("\n");
  const texts = components.map(({ name, text }) => `${line}\n${name}\n${line}\n\n${text.trimEnd()}\n`);
  return `What alps-agent consists of:\n\n${list}\n\n${texts.join("\n")}`;
}

/**
 * Collects the licences on this machine: of the sources that were compiled, the packages that were linked and bundled.
 * @throws SetupError naming what cannot be found
 */
export async function collectLicences(): Promise<Component[]> {
  const own = (name: string) => Deno.readTextFile(join(LIBBPF_DIR, "licences", name));
  const gpl2 = await text(join(TEXTS, "GPL-2"));
  return [
    { name: "alps-agent", about: "Apache-2.0", text: await text(join(ROOT, "LICENSE")) },
    { name: "alps-agent's eBPF programs", about: "GPL-2.0-only", text: gpl2 },
    {
      name: `Deno ${Deno.version.deno}`,
      about:
        "MIT. The libraries in it, V8 among them, are under MIT, Apache-2.0, BSD and other permissive licences; " +
        "Deno's repository lists them for each version.",
      text: await text(join(ROOT, "scripts", "compile", "deno_licence.txt")),
    },
    { name: `libbpf ${LIBBPF_SOURCE.version}`, about: "BSD-2-Clause, of its two", text: await own("libbpf") },
    {
      name: `libelf of elfutils ${ELFUTILS_SOURCE.version}`,
      about: "LGPL-3.0-or-later, of its two; from Debian's source package, unchanged",
      text: await own("elfutils"),
    },
    { name: `zlib ${ZLIB_SOURCE.version}`, about: "Zlib", text: await own("zlib") },
    await debian("libc6", "the GNU C library", "in the launcher and the function programs", ["LGPL-2.1"]),
    await debian("libzstd-dev", "zstd", "in the launcher; BSD-3-Clause, of its two", []),
    await debian("libssl-dev", "OpenSSL", "SHA-256 in the launcher; Apache-2.0", ["Apache-2.0"]),
    ...await npmComponents(),
  ];
}

/** A Debian package that was linked statically. */
async function debian(name: string, what: string, about: string, texts: string[]): Promise<Component> {
  const parts = [join(DOCUMENTS, name, "copyright"), ...texts.map((file) => join(TEXTS, file))];
  return { name: what, about, text: (await Promise.all(parts.map(text))).join("\n\n") };
}

/** The packages that are bundled: those that the modules import, and what these depend on. */
async function npmComponents(): Promise<Component[]> {
  const found = new Map<string, NpmPackage>();
  for (const source of Object.values(ENTRY_POINTS)) {
    const info = JSON.parse(
      await runOrFail(`list the modules of ${source}`, Deno.execPath(), ["info", "--json", source], {
        cwd: ROOT,
      }),
    );
    const wanted: string[] = info.modules.flatMap((module: { npmPackage?: string }) =>
      module.npmPackage ?? []
    );
    for (let id = wanted.pop(); id !== undefined; id = wanted.pop()) {
      const npm: NpmPackage | undefined = info.npmPackages[id];
      if (npm === undefined || found.has(id)) continue;
      found.set(id, npm);
      wanted.push(...npm.dependencies);
    }
  }
  const packages = [...found.values()].sort((a, b) => a.name < b.name ? -1 : 1);
  return await Promise.all(packages.map(npmComponent));
}

/** A package's licence, and its notices, which Apache's wants handed on; some have no file of it and only name it. */
async function npmComponent({ name, version, localPath }: NpmPackage): Promise<Component> {
  const { license, author, homepage } = JSON.parse(await text(join(localPath, "package.json")));
  const files = [...Deno.readDirSync(localPath)].filter((entry) => entry.isFile).map((entry) => entry.name)
    .sort();
  const file = files.find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const notices = files.filter((entry) => /^notice/i.test(entry));
  const by = typeof author === "string" ? author : author?.name;
  const named = [`Licence: ${license}`, ...by ? [`Author: ${by}`] : [], ...homepage ? [homepage] : []].join(
    "\n",
  );
  return {
    name: `${name} ${version}`,
    about: String(license),
    text: file === undefined
      ? named
      : (await Promise.all([file, ...notices].map((each) => text(join(localPath, each))))).join("\n\n"),
  };
}

async function text(path: string): Promise<string> {
  if (!isFile(path)) throw new SetupError(`cannot collect the licences: ${path} is missing`);
  return await Deno.readTextFile(path);
}
