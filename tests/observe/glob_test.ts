import assert from "node:assert/strict";
import { compileGlob, MAX_PATTERN_LENGTH, MAX_TEXT_LENGTH } from "../../observe/glob.ts";
import { randomBelow } from "./random.ts";

/** What a glob finds: false for no match, true for a match without a name, else the name. */
function find(pattern: string, text: string): boolean | string {
  const found = compileGlob(pattern).match(text);
  return found === undefined ? false : found.functionName ?? true;
}

function findAncestor(pattern: string, text: string): boolean | string {
  const found = compileGlob(pattern).matchAncestor(text);
  return found === undefined ? false : found.functionName ?? true;
}

Deno.test("compileGlob() matches whole strings only", () => {
  assert.equal(find("/usr/bin/python3", "/usr/bin/python3"), true);
  assert.equal(find("/usr/bin/python3", "/usr/bin/python3.11"), false);
  assert.equal(find("/usr/bin/python3", "/x/usr/bin/python3"), false);
  assert.equal(find("bin", "/usr/bin"), false);
});

Deno.test("compileGlob() keeps * and {function} within one part of a path, and ? off the slash", () => {
  assert.equal(find("/srv/*/run", "/srv/fib/run"), true);
  assert.equal(find("/srv/*/run", "/srv//run"), true);
  assert.equal(find("/srv/*/run", "/srv/a/b/run"), false);
  assert.equal(find("/srv/{function}", "/srv/fib"), "fib");
  assert.equal(find("/srv/{function}", "/srv/fib/run"), false);
  assert.equal(find("/srv/fi?", "/srv/fib"), true);
  assert.equal(find("/srv?fib", "/srv/fib"), false);
});

Deno.test("compileGlob() lets ** cross parts", () => {
  assert.equal(find("/srv/**", "/srv/a/b/c"), true);
  assert.equal(find("/srv/**", "/srv/"), true);
  assert.equal(find("**/{function}", "/a/b/c"), "c");
  assert.equal(find("/srv/**/run", "/srv/a/b/run"), true);
  assert.equal(find("/srv/**/{function}/run", "/srv/a/b/run"), "b");
  assert.equal(find("***", "a/b"), true);
});

Deno.test("compileGlob() needs at least one character for {function}", () => {
  assert.equal(find("/srv/{function}", "/srv/"), false);
  assert.equal(find("a{function}b", "ab"), false);
  assert.equal(find("a{function}b", "axb"), "x");
});

Deno.test("compileGlob() gives the first of several takers the most", () => {
  assert.equal(find("{function}-*", "resize-v2-x7"), "resize-v2");
  assert.equal(find("*-{function}", "a-b-c"), "c");
  assert.equal(find("*{function}", "abc"), "c");
  assert.equal(find("{function}*", "abc"), "abc");
  assert.equal(find("{function}-*-*", "resize-v2-7d8f-abcde"), "resize-v2");
});

Deno.test("compileGlob() takes everything else literally, and anything after a backslash", () => {
  for (const text of ["a.b", "a+b", "[ab]", "(a|b)", "^a$", "{a,b}", "{Function}", "a;b", "}{"]) {
    assert.equal(find(text, text), true, text);
  }
  assert.equal(find("[ab]", "a"), false);
  assert.equal(find("a.b", "axb"), false);
  assert.equal(find("a\\*b", "a*b"), true);
  assert.equal(find("a\\*b", "axb"), false);
  assert.equal(find("a\\?\\\\", "a?\\"), true);
  assert.equal(find("\\{function}", "{function}"), true);
  assert.equal(find("\\{function}", "fib"), false);
});

Deno.test("compileGlob() counts characters, not UTF-16 units", () => {
  assert.equal(find("?", "😀"), true);
  assert.equal(find("??", "😀"), false);
  assert.equal(find("{function}?", "x😀"), "x");
  assert.equal(find("?{function}", "😀é"), "é");
  assert.equal(find("\\😀*", "😀x"), true);
});

Deno.test("compileGlob() refuses what cannot be a glob, and says why", () => {
  assert.throws(() => compileGlob(""), /pattern is empty/);
  assert.throws(() => compileGlob("a\\"), /lone backslash/);
  assert.throws(() => compileGlob("{function}/{function}"), /more than once/);
  assert.throws(() => compileGlob("x".repeat(MAX_PATTERN_LENGTH + 1)), /longer than 1024/);
});

Deno.test("compileGlob() does not match a text longer than the kernel's longest path", () => {
  assert.equal(find("**", "x".repeat(MAX_TEXT_LENGTH)), true);
  assert.equal(find("**", "x".repeat(MAX_TEXT_LENGTH + 1)), false);
  assert.equal(findAncestor("/x/**", "/x/" + "x".repeat(MAX_TEXT_LENGTH)), false);
});

Deno.test("matchAncestor() lets descendants belong, and to the topmost that matches", () => {
  assert.equal(findAncestor("/openfaas-fn/{function}", "/openfaas-fn/foo"), "foo");
  assert.equal(findAncestor("/openfaas-fn/{function}", "/openfaas-fn/foo/bar/baz"), "foo");
  assert.equal(findAncestor("/openfaas-fn/{function}", "/openfaas-fn"), false);
  assert.equal(findAncestor("/openfaas-fn/{function}", "/other/openfaas-fn/foo"), false);
  assert.equal(findAncestor("/a/**/{function}", "/a/b/c/d"), "c");
  assert.equal(findAncestor("/fn-{function}", "/fn-x-y/z"), "x-y");
  assert.equal(findAncestor("/a/b", "/a/bc"), false);
  assert.equal(findAncestor("/a/b", "/a/b/c"), true);
  assert.equal(findAncestor("/", "/a/b"), true);
  assert.equal(findAncestor("/", "/"), true);
});

/** The same glob as a regular expression: slow on hostile input, but written independently. */
function asRegExp(pattern: string): RegExp {
  const source = pattern.replace(/\*\*+|\*|\?|\{function\}|[^*?{]|\{/g, (piece) => {
    if (piece.startsWith("**")) return "[^]*";
    if (piece === "*") return "[^/]*";
    if (piece === "?") return "[^/]";
    if (piece === "{function}") return "(?<function>[^/]+)";
    return piece.replace(/[\\^$.|+()[\]{}]/g, "\\$&");
  });
  return new RegExp(`^${source}$`, "u");
}

Deno.test("compileGlob() agrees with regular expressions on random globs and texts", () => {
  const random = randomBelow(1);
  const pieces = ["a", "b", "/", "*", "**", "?", "{function}", "-"];
  let matches = 0;
  for (let round = 0; round < 20_000; round++) {
    let pattern = "";
    for (let n = 1 + random(6); n > 0; n--) {
      const piece = pieces[random(pieces.length)]!;
      if (piece !== "{function}" || !pattern.includes(piece)) pattern += piece;
    }
    if (pattern === "") continue;
    const text = Array.from({ length: random(8) }, () => "ab/-"[random(4)]).join("");
    const expected = asRegExp(pattern).exec(text);
    const wanted = expected === null ? false : expected.groups?.["function"] ?? true;
    assert.equal(find(pattern, text), wanted, `${pattern} on ${text}`);
    if (wanted !== false) matches++;

    // The topmost ancestor that matches, by trying all.
    const ends = [...text].flatMap((character, at) => character === "/" && at > 0 ? [at] : []);
    if (text.startsWith("/")) ends.unshift(1);
    const found = text === "" ? undefined : [...ends, text.length]
      .map((end) => asRegExp(pattern).exec(text.slice(0, end)))
      .find((match) => match !== null);
    const wantedAncestor = found === undefined ? false : found?.groups?.["function"] ?? true;
    assert.equal(findAncestor(pattern, text), wantedAncestor, `ancestor: ${pattern} on ${text}`);
  }
  assert.ok(matches > 1000, `only ${matches} pairs matched: the test tests little`);
});

Deno.test("compileGlob() finishes on globs and texts that make backtracking explode", () => {
  const text = "/" + "a".repeat(MAX_TEXT_LENGTH - 2) + "c";
  assert.equal(find("/" + "*a".repeat(30) + "b", text), false);
  assert.equal(find("/" + "**a".repeat(30) + "{function}b", text), false);
  assert.equal(findAncestor("/**/**/**/**/{function}/b", "/a".repeat(MAX_TEXT_LENGTH / 2)), false);
});
