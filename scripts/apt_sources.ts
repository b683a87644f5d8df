/** One entry of apt's configuration, reduced to what is needed to fetch a source package from it. */
export interface AptSource {
  uris: string[];
  suites: string[];
  components: string[];
  /** The value of `Signed-By`, kept as written: paths, fingerprints, or a whole key with its line breaks. */
  signedBy?: string;
  /** The value of `Trusted`: for repositories without signatures. */
  trusted?: string;
}

/** A place where Debian's packages are, and how apt checks what comes from there. */
export type Mirror = { uri: string } & Pick<AptSource, "signedBy" | "trusted">;

/** Parses a `.list` file, one source per line. Entries that cannot be understood are left out, as is `deb-src`. */
export function parseOneLineSources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const line of text.split("\n")) {
    const match = /^\s*deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)(.*)$/.exec(line.replace(/#.*/, ""));
    if (match === null) continue;
    const [, options = "", uri = "", suite = "", components = ""] = match;
    sources.push(withOptions(
      { uris: [uri], suites: [suite], components: words(components) },
      /(?:^|\s)signed-by=(\S+)/i.exec(options)?.[1],
      /(?:^|\s)trusted=(\S+)/i.exec(options)?.[1],
    ));
  }
  return sources;
}

/** Parses a `.sources` file (deb822: paragraphs of fields). Disabled paragraphs and pure `deb-src` are left out. */
export function parseDeb822Sources(text: string): AptSource[] {
  const sources: AptSource[] = [];
  for (const fields of parseParagraphs(text)) {
    if (/^(no|false|0|off|disable)$/i.test(fields.get("enabled") ?? "yes")) continue;
    if (!words(fields.get("types")).includes("deb")) continue;
    sources.push(withOptions(
      {
        uris: words(fields.get("uris")),
        suites: words(fields.get("suites")),
        components: words(fields.get("components")),
      },
      fields.get("signed-by"),
      fields.get("trusted"),
    ));
  }
  return sources;
}

/**
 * Parses paragraphs of `Field: value` lines, separated by empty lines: apt's sources and its package records.
 * Names come out in lower case; lines that continue a value keep their line break and indentation.
 */
export function parseParagraphs(text: string): Map<string, string>[] {
  const paragraphs: Map<string, string>[] = [];
  const lines = text.split("\n").filter((line) => !line.startsWith("#"));
  let fields = new Map<string, string>();
  let name = "";
  for (const line of [...lines, ""]) {
    const colon = line.indexOf(":");
    if (line.trim() === "") {
      if (fields.size > 0) paragraphs.push(fields);
      fields = new Map();
      name = "";
    } else if (/^\s/.test(line)) {
      if (name !== "") fields.set(name, `${fields.get(name)}\n${line}`);
    } else if (colon > 0) {
      name = line.slice(0, colon).toLowerCase();
      fields.set(name, line.slice(colon + 1).trim());
    }
  }
  return paragraphs;
}

/**
 * The mirrors of Debian itself among a machine's sources, the likeliest first. Other publishers use Debian's
 * suite names too, so an address that ends as Debian's own do goes first; the rest is tried after it.
 *
 * @param codename the release that the machine runs, as `VERSION_CODENAME` in /etc/os-release
 */
export function chooseMirrors(sources: AptSource[], codename: string): Mirror[] {
  const suites = new Set([codename, "stable", "oldstable", "testing", "unstable", "sid"]);
  const mirrors = new Map<string, Mirror>();
  for (const source of sources) {
    if (!source.components.includes("main")) continue;
    if (!source.suites.some((suite) => suites.has(suite))) continue;
    for (const uri of source.uris) {
      if (uri.startsWith("cdrom:") || mirrors.has(uri)) continue;
      mirrors.set(uri, withOptions({ uri }, source.signedBy, source.trusted));
    }
  }
  return [...mirrors.values()].sort((a, b) => Number(looksLikeDebian(b)) - Number(looksLikeDebian(a)));
}

/** The `.sources` text that makes apt fetch packages of one suite and one type, and nothing else, from a mirror. */
export function sourcesEntry(type: "deb" | "deb-src", mirror: Mirror, suite: string): string {
  const lines = [`Types: ${type}`, `URIs: ${mirror.uri}`, `Suites: ${suite}`, "Components: main"];
  if (mirror.signedBy !== undefined) lines.push(`Signed-By: ${mirror.signedBy}`);
  if (mirror.trusted !== undefined) lines.push(`Trusted: ${mirror.trusted}`);
  return lines.join("\n") + "\n";
}

function looksLikeDebian(mirror: Mirror): boolean {
  return /\/debian(\.list)?\/?$/.test(mirror.uri) || /debian-archive-keyring/.test(mirror.signedBy ?? "");
}

function words(text: string | undefined): string[] {
  return (text ?? "").split(/\s+/).filter((word) => word !== "");
}

function withOptions<T>(
  base: T,
  signedBy: string | undefined,
  trusted: string | undefined,
): T & { signedBy?: string; trusted?: string } {
  return {
    ...base,
    ...(signedBy === undefined ? {} : { signedBy }),
    ...(trusted === undefined ? {} : { trusted }),
  };
}
