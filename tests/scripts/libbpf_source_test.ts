import assert from "node:assert/strict";
import { join } from "node:path";
import { findProgram, SetupError } from "../../scripts/command.ts";
import {
  aptErrors,
  codename,
  fetchFrom,
  fetchSource,
  findVersion,
  type PinnedSource,
  privateConfig,
} from "../../scripts/libbpf_source.ts";
import { sha256 } from "../../scripts/stamp.ts";
import { inFolder } from "../in_folder.ts";

const CONTENT = "not really an archive\n";
const SOURCE: PinnedSource = {
  package: "example",
  version: "1.0",
  file: "example_1.0.orig.tar.gz",
  sha256: sha256(CONTENT),
  suites: ["trixie"],
  variable: "ALPS_LIBBPF_TARBALL",
};

Deno.test("fetchSource() takes the archive that it is given and verifies it", () =>
  inFolder(async (folder) => {
    const tarball = join(folder, "given.tar.gz");
    await Deno.writeTextFile(tarball, CONTENT);
    assert.equal(await fetchSource(SOURCE, folder, { tarball }), tarball);
    await Deno.writeTextFile(tarball, CONTENT + "and more");
    await assert.rejects(fetchSource(SOURCE, folder, { tarball }), (error: Error) => {
      assert.ok(error instanceof SetupError);
      assert.match(error.message, new RegExp(`${tarball}.*SHA-256 is .*wanted ${SOURCE.sha256}`));
      return true;
    });
  }));

Deno.test("fetchSource() says that a given archive is not there", () =>
  inFolder(async (folder) => {
    const fetched = fetchSource(SOURCE, folder, { tarball: join(folder, "none.tar.gz") });
    await assert.rejects(fetched, /ALPS_LIBBPF_TARBALL=".*none\.tar\.gz": no such file/);
  }));

Deno.test("fetchSource() says what failed at a mirror and how to give another", () =>
  inFolder(async (folder) => {
    const fetched = fetchSource(SOURCE, folder, { mirror: `file:${folder}/no-mirror` });
    const wanted = findProgram("apt-get") === undefined ? /has no apt-get/ : /no-mirror trixie: .*Release/;
    await assert.rejects(fetched, wanted);
    await assert.rejects(fetched, /ALPS_LIBBPF_TARBALL=.*ALPS_DEBIAN_MIRROR=/);
  }));

/** A mirror in a folder: one release that holds the source package `example`, without signatures. */
async function makeMirror(folder: string, content: string): Promise<void> {
  const pool = join(folder, "pool");
  const index = join(folder, "dists/trixie/main/source");
  for (const name of [pool, index]) await Deno.mkdir(name, { recursive: true });
  await Deno.writeTextFile(join(pool, SOURCE.file), content);
  await Deno.writeTextFile(join(pool, "example_1.0-7.dsc"), "Source: example\n");
  const entry = (text: string, name: string) => ` ${sha256(text)} ${text.length} ${name}`;
  const sources = [
    "Package: example",
    "Binary: example",
    "Version: 1.0-7",
    "Architecture: any",
    "Format: 3.0 (quilt)",
    "Directory: pool",
    "Checksums-Sha256:",
    entry("Source: example\n", "example_1.0-7.dsc"),
    entry(CONTENT, SOURCE.file),
    "",
  ].join("\n");
  await Deno.writeTextFile(join(index, "Sources"), sources);
  const release = [
    "Codename: trixie",
    "Components: main",
    "SHA256:",
    entry(sources, "main/source/Sources"),
    "",
  ];
  await Deno.writeTextFile(join(folder, "dists/trixie/Release"), release.join("\n"));
}

Deno.test("fetchFrom() fetches with apt from a mirror, and leaves apt's own folders alone", () =>
  inFolder(async (folder) => {
    await makeMirror(join(folder, "mirror"), CONTENT);
    const mirror = { uri: `file:${folder}/mirror`, trusted: "yes" };
    const fetched = fetchFrom(SOURCE, mirror, "trixie", join(folder, "apt"));
    if (findProgram("apt-get") === undefined) return await assert.rejects(fetched, /apt.*is not installed/);
    const { path = "", failure } = await fetched;
    assert.equal(failure, undefined);
    assert.equal(await Deno.readTextFile(path), CONTENT);
    assert.ok(path.startsWith(join(folder, "apt")));
    const escaped = folder.slice(1).replaceAll("/", "_");
    const ours = [...Deno.readDirSync("/var/lib/apt/lists")].filter(({ name }) => name.includes(escaped));
    assert.deepEqual(ours, []);
  }));

Deno.test("fetchFrom() refuses a mirror without signatures unless the machine trusts it", () =>
  inFolder(async (folder) => {
    await makeMirror(join(folder, "mirror"), CONTENT);
    const fetched = fetchFrom(SOURCE, { uri: `file:${folder}/mirror` }, "trixie", join(folder, "apt"));
    if (findProgram("apt-get") === undefined) return await assert.rejects(fetched, /apt.*is not installed/);
    assert.match((await fetched).failure ?? "", /not signed/);
  }));

Deno.test("fetchFrom() says that a mirror holds another archive than the pinned one", () =>
  inFolder(async (folder) => {
    await makeMirror(join(folder, "mirror"), CONTENT);
    const mirror = { uri: `file:${folder}/mirror`, trusted: "yes" };
    const fetched = fetchFrom({ ...SOURCE, sha256: "0".repeat(64) }, mirror, "trixie", join(folder, "apt"));
    if (findProgram("apt-get") === undefined) return await assert.rejects(fetched, /apt.*is not installed/);
    assert.match((await fetched).failure ?? "", /no source package there is built from this example_1\.0/);
  }));

Deno.test("findVersion() takes whichever version is built from the pinned archive", () => {
  const record = (version: string, hash: string) =>
    `Package: example\nVersion: ${version}\nChecksums-Sha256:\n ${hash} 20 ${SOURCE.file}\n ${
      "0".repeat(64)
    } 9 x\n`;
  const records = [record("1.0-7", SOURCE.sha256), record("2.0-1", "f".repeat(64))].join("\n");
  assert.equal(findVersion(records, SOURCE.sha256), "1.0-7");
  assert.equal(findVersion(records, "e".repeat(64)), undefined);
  assert.equal(findVersion("", SOURCE.sha256), undefined);
});

Deno.test("aptErrors() shows the first errors, and warnings only where there is no error", () => {
  assert.equal(aptErrors("W: old\nE: first\nN: hint\nE: second\n"), "E: first\nE: second");
  assert.equal(aptErrors("E: 1\nE: 2\nE: 3\nE: 4\n"), "E: 1\nE: 2\nE: 3");
  assert.equal(aptErrors("W: only this\n"), "W: only this");
});

Deno.test("codename() reads the release's name, quoted or not", () => {
  assert.equal(codename('ID=debian\nVERSION_CODENAME=bookworm\nVERSION_ID="12"\n'), "bookworm");
  assert.equal(codename('VERSION_CODENAME="trixie"\n'), "trixie");
  assert.equal(codename("ID=other\n"), "");
});

Deno.test("privateConfig() keeps transport settings, drops the rest, and puts apt's state in the folder", () => {
  const text = privateConfig(
    [
      'Acquire::http::Proxy "http://proxy.example:3128";',
      'APT::Update::Post-Invoke:: "rm -rf /somewhere";',
      'Dir::State::lists "/var/lib/apt/lists";',
      'Acquire "";',
    ].join("\n"),
    "/f",
  );
  assert.match(text, /^Acquire::http::Proxy "http:\/\/proxy\.example:3128";$/m);
  assert.match(text, /^Dir::State::lists "\/f\/lists";$/m);
  assert.match(text, /^Dir::Etc::sourceparts "\/dev\/null";$/m);
  assert.doesNotMatch(text, /Post-Invoke|\/var\/lib/);
});
