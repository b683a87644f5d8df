/**
 * The files that the agent brings along: in `build/` where it runs from its source, embedded where it is one file. Whoever
 * needs one as a file (a shared object to open, a program to start) gets it from memory, see `memory_file.ts`: nothing has
 * to be written anywhere, and a root that is read-only or a `/tmp` without execution is of no matter.
 */

/**
 * Modules that are bundled apart from the program: those of worker threads, and what is large and seldom needed. Deno parses
 * the whole of a bundle when it loads it, which takes some 40 MB of memory for each megabyte.
 */
export type ModuleName = "event_worker.js" | "learn_worker.js" | "whatif_worker.js" | "plot.js";

/** Names of the files: where they are in `build/` or in the checkout. In the one file they have the last part of it. */
export type AssetName =
  | "libbpf/lib/libbpf.so.1"
  | "bpf/observe.bpf.o"
  | "bpf/scx.bpf.o"
  | "bpf/cfs.bpf.o"
  | "host/alps-functions"
  | "bench/alps-send"
  | "about.json"
  | "licences.txt"
  | "deploy/alps-agent.service"
  | "deploy/agent.json"
  | ModuleName;

/** How this program is brought along: as its source, by `deno compile`, or as the portable file. */
export type Packaging = "source" | "compiled" | "portable";

/**
 * What the portable file's launcher tells: the descriptors of its parts (`NAME=FD,...`), and its own path. No option: what
 * is one begins with `ALPS_`.
 */
const PARTS_VARIABLE = "_ALPS_AGENT_PARTS", FILE_VARIABLE = "_ALPS_AGENT_FILE";

/** How this program is brought along, by where its modules are. */
export function packaging(moduleUrl: string = import.meta.url): Packaging {
  if (moduleUrl.endsWith(".ts")) return "source";
  return /^(data:|file:\/\/\/proc\/self\/fd\/)/.test(moduleUrl) ? "portable" : "compiled";
}

/** The one file that this program is; undefined where it runs from its source. */
export function ownFile(): string | undefined {
  const how = packaging();
  if (how === "source") return undefined;
  // Deno itself runs from memory in the portable file.
  return how === "compiled" ? Deno.execPath() : Deno.env.get(FILE_VARIABLE);
}

/** Contents of an asset. Throws an error that says how to build it where it is missing. */
export function readAsset(name: AssetName): Uint8Array<ArrayBuffer> {
  const path = assetPath(name);
  try {
    return Deno.readFileSync(path);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Error(`cannot read ${path}: it has not been built (run \`deno task build\`)`, {
        cause,
      });
    }
    throw cause;
  }
}

/** An asset that is text. */
export function readAssetText(name: AssetName): string {
  return new TextDecoder().decode(readAsset(name));
}

/**
 * Where to load a module from that is bundled apart: what to start a worker thread with, or what to import.
 * @param name the bundled module
 * @param source the module, as seen from `moduleUrl`
 */
export function bundledUrl(name: ModuleName, source: string, moduleUrl: string): URL {
  switch (packaging(moduleUrl)) {
    case "source":
      return new URL(source, moduleUrl);
    case "compiled":
      return new URL(name, moduleUrl);
    case "portable": // A descriptor's path has no ending that would tell Deno what it is.
      return new URL(`data:application/javascript;base64,${readAsset(name).toBase64()}`);
  }
}

/** Where an asset can be read. Beside the bundled program, in the checkout as it is or as it was built. */
function assetPath(name: AssetName): string {
  const how = packaging(), embedded = embeddedName(name);
  if (how === "portable") {
    return `/proc/self/fd/${partDescriptor(Deno.env.get(PARTS_VARIABLE) ?? "", embedded)}`;
  }
  const folder = new URL(
    how === "compiled" ? "./" : name.startsWith("deploy/") ? "../" : "../build/",
    import.meta.url,
  );
  return decodeURIComponent(new URL(how === "compiled" ? embedded : name, folder).pathname);
}

/** The name of an asset in the one file. */
export function embeddedName(name: string): string {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** The descriptor of a part of the portable file. */
export function partDescriptor(parts: string, name: string): number {
  const entry = parts.split(",").find((part) => part.startsWith(`${name}=`));
  if (entry === undefined) throw new Error(`cannot find ${name} among the parts of this file (${parts})`);
  return Number(entry.slice(name.length + 1));
}
