import assert from "node:assert/strict";
import {
  chooseMirrors,
  parseDeb822Sources,
  parseOneLineSources,
  parseParagraphs,
  sourcesEntry,
} from "../../scripts/apt_sources.ts";

Deno.test("parseOneLineSources() reads options, suite and components", () => {
  const sources = parseOneLineSources(`
# deb http://commented.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # trailing
deb [ arch=amd64 signed-by=/usr/share/keyrings/a.gpg trusted=yes ] https://b.example/debian/ trixie main
deb-src http://mirror.example/debian bookworm main
nonsense
`);
  assert.deepEqual(sources, [
    { uris: ["http://mirror.example/debian"], suites: ["bookworm"], components: ["main", "contrib"] },
    {
      uris: ["https://b.example/debian/"],
      suites: ["trixie"],
      components: ["main"],
      signedBy: "/usr/share/keyrings/a.gpg",
      trusted: "yes",
    },
  ]);
});

Deno.test("parseDeb822Sources() reads paragraphs and leaves out what is disabled or holds sources only", () => {
  const sources = parseDeb822Sources(`Types: deb deb-src
# a comment within
URIs: http://a.example/debian http://b.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: http://c.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: http://d.example/debian
Suites: bookworm
Components: main
`);
  assert.deepEqual(sources, [{
    uris: ["http://a.example/debian", "http://b.example/debian"],
    suites: ["bookworm", "bookworm-updates"],
    components: ["main"],
    signedBy: "/usr/share/keyrings/debian-archive-keyring.gpg",
  }]);
});

Deno.test("parseDeb822Sources() keeps a key that is written out whole", () => {
  const key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----";
  const [source] = parseDeb822Sources(
    `Types: deb\nURIs: http://a.example/\nSuites: sid\nComponents: main\nSigned-By:${key}\n`,
  );
  assert.equal(source?.signedBy, key);
  assert.ok(sourcesEntry("deb", { uri: "u", signedBy: key }, "sid").includes("mQINBF\n -----END"));
});

Deno.test("parseParagraphs() joins lines that continue a value and ignores one that continues nothing", () => {
  const [first, second] = parseParagraphs(" stray\nA: 1\nB:\n x\n y\n\n\nA: 2\n");
  assert.deepEqual([...first ?? []], [["a", "1"], ["b", "\n x\n y"]]);
  assert.deepEqual([...second ?? []], [["a", "2"]]);
});

Deno.test("chooseMirrors() puts Debian's own before others that use its suite names", () => {
  const sources = [
    { uris: ["https://vendor.example/tools"], suites: ["bookworm"], components: ["main"] },
    { uris: ["https://vendor.example/apt"], suites: ["tools-bookworm"], components: ["main"] },
    { uris: ["http://m.example/debian-security"], suites: ["bookworm-security"], components: ["main"] },
    { uris: ["http://m.example/debian"], suites: ["bookworm", "bookworm-updates"], components: ["main"] },
    { uris: ["http://m.example/debian"], suites: ["bookworm"], components: ["main"] },
  ];
  assert.deepEqual(chooseMirrors(sources, "bookworm").map((mirror) => mirror.uri), [
    "http://m.example/debian",
    "https://vendor.example/tools",
  ]);
});

Deno.test("chooseMirrors() takes snapshots, lists of mirrors, and rolling suites, but no discs", () => {
  const uris = [
    "cdrom:[Debian]/",
    "http://s.example/archive/debian/20250520T000000Z/",
    "mirror+file:///etc/apt/mirrors/debian.list",
  ];
  const signedBy = "/usr/share/keyrings/debian-archive-keyring.pgp";
  const sources = [{ uris, suites: ["testing"], components: ["main", "contrib"], signedBy }];
  assert.deepEqual(chooseMirrors(sources, "forky"), uris.slice(1).map((uri) => ({ uri, signedBy })));
});

Deno.test("chooseMirrors() finds none where no source has the release's main component", () => {
  const sources = [{ uris: ["http://m.example/debian"], suites: ["bookworm"], components: ["contrib"] }];
  assert.deepEqual(chooseMirrors(sources, "bookworm"), []);
  assert.deepEqual(chooseMirrors([], "bookworm"), []);
});

Deno.test("sourcesEntry() asks for the source packages of one suite", () => {
  const entry = sourcesEntry("deb-src", { uri: "http://m.example/debian", trusted: "yes" }, "trixie");
  assert.deepEqual(parseParagraphs(entry).map((fields) => [...fields]), [[
    ["types", "deb-src"],
    ["uris", "http://m.example/debian"],
    ["suites", "trixie"],
    ["components", "main"],
    ["trusted", "yes"],
  ]]);
});
