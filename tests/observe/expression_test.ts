import assert from "node:assert/strict";
import { compileExpression, MAX_EXPRESSION_TEXT } from "../../observe/expression.ts";
import { randomBelow } from "./random.ts";

/** What an expression finds: false for no match, true for one without a name, else the name. */
function find(source: string, text: string): boolean | string {
  const found = compileExpression(source).match(text);
  return found === undefined ? false : found.functionName ?? true;
}

/** The same by JavaScript's own engine. */
function findNative(source: string, text: string): boolean | string {
  const found = new RegExp(source).exec(text);
  return found === null ? false : found.groups?.["function"] ?? true;
}

Deno.test("compileExpression() finds a match anywhere, and the group named function", () => {
  const line = "/usr/bin/python3.11 -u /srv/fn/resize-v2.py --port 80";
  assert.equal(find("python[0-9.]* (-u )?/srv/fn/(?<function>[^ ]+)\\.py", line), "resize-v2");
  assert.equal(find("--port (\\d+)$", line), true);
  assert.equal(find("^python", line), false);
  assert.equal(find("(?<function>\\w+)-v(?<version>\\d)", line), "resize");
  assert.equal(find("node|(?<function>py)thon", line), "py");
  assert.equal(find("usr|(?<function>py)thon", line), true);
});

Deno.test("compileExpression() knows whether there is a group named function", () => {
  for (
    const source of ["(?<function>a)", "x|(?<function>a)", "(?=(?<function>a))", "((?:(?<function>a)))*"]
  ) {
    assert.equal(compileExpression(source).takesFunction, true, source);
  }
  for (const source of ["a", "(?<name>a)", "\\(\\?<function>a\\)", "[(?<function>a)]", "(?:function)"]) {
    assert.equal(compileExpression(source).takesFunction, false, source);
  }
});

Deno.test("compileExpression() refuses what is no expression, on one line", () => {
  assert.throws(() => compileExpression(""), /pattern is empty/);
  assert.throws(() => compileExpression("x".repeat(1025)), /longer than 1024/);
  const cases: [string, RegExp][] = [
    ["(", /no JavaScript regular expression: Unterminated group$/],
    ["[z-a]", /Range out of order/],
    ["a**", /Nothing to repeat$/],
    ["(?<1>a)", /Invalid capture group name$/],
    ["(\n: x", /Unterminated group$/],
  ];
  for (const [source, message] of cases) assert.throws(() => compileExpression(source), message);
});

Deno.test("compileExpression() is linear for what people write, and takes the rest of JavaScript too", () => {
  for (
    const source of [
      "a+b*?c{2,3}",
      "^[^ ]*(?:x|y)\\b.$",
      "(?<function>\\w+)",
      "(a+)+$",
      "(a|a)*b",
      "(a*)*b",
      "\\x41\\.",
    ]
  ) {
    assert.equal(compileExpression(source).linear, true, source);
  }
  for (
    const source of [
      "a(?=b)",
      "(?<!a)b",
      "(a)\\1",
      "(?<x>a)\\k<x>",
      "a{1,2000}",
      "(?<function>a|)*",
      "(?i:A)b",
    ]
  ) {
    assert.equal(compileExpression(source).linear, false, source);
  }
  assert.equal(find("(?<!-)-(?<function>\\w)(?= )", "--a -b"), false);
  assert.equal(find("(?<!-)-(?<function>\\w)(?= )", "--a -b c"), "b");
  assert.equal(find("(.)\\1(?<function>.)", "abbc"), "c");
});

Deno.test("compileExpression() finishes on texts that make backtracking explode", () => {
  const text = "a".repeat(MAX_EXPRESSION_TEXT - 1) + "!";
  assert.equal(find("(a+)+$", text), false);
  assert.equal(find("(a|a)*b", text), false);
  assert.equal(find("(?:a*)*b", text), false);
  assert.equal(find("a*a*a*a*a*a*b", text), false);
  assert.equal(find("(?<function>.*)x.*y.*z", text), false);
  assert.equal(find("a{0,200}a{0,200}b", text), false);
});

Deno.test("compileExpression() looks at a bounded part of the text", () => {
  assert.equal(find("b", "a".repeat(MAX_EXPRESSION_TEXT - 1) + "b"), true);
  assert.equal(find("b", "a".repeat(MAX_EXPRESSION_TEXT) + "b"), false);
});

Deno.test("compileExpression() agrees with JavaScript's engine on hand-picked corners", () => {
  const sources = [
    "(?:(?<function>a)|b)*",
    "(?:(?<function>a)|b)+c",
    "(?:(?<function>a)?b)*",
    "(?:(?<function>a)|b){2}",
    "(?:(?<function>a)|b){1,3}?c",
    "(?<function>a*?)b",
    "(?<function>a+?)",
    "(?<function>)",
    "a|(?<function>ab)",
    "(?<function>a|ab)(c|bcd)",
    "(?:|a)+b",
    "(?:a|)*c",
    "(?:a*?)+b",
    "(?:\\b|a)*b",
    "\\b(?<function>\\w+)\\b$",
    "\\B(?<function>.)",
    "^$",
    "$^",
    "[^]*",
    "[]",
    "[^a]b?",
    "[\\]a]+",
    "[a\\-b]",
    ".",
    "\\.",
    "\\d\\D\\w\\W\\s\\S",
    "a{0}b",
    "(?<function>a{2}){2}",
    "a{2,}?b",
    "\\u0061\\x62",
    "(?<function>😀?)",
    "[😀]",
    "\\/",
  ];
  const texts = [
    "",
    "a",
    "b",
    "ab",
    "ba",
    "aab",
    "abab",
    "abcd",
    "aaaa",
    "cab",
    "a b",
    "1x_ !z",
    "\n",
    "a\nb",
    "😀",
    "]-",
    ".",
  ];
  for (const source of sources) {
    for (const text of texts) {
      assert.equal(find(source, text), findNative(source, text), `/${source}/ on ${JSON.stringify(text)}`);
    }
  }
});

Deno.test("compileExpression() agrees with JavaScript's engine on random expressions and texts", () => {
  const random = randomBelow(7);
  const atoms = ["a", "b", "c", ".", "[ab]", "[^a]", "\\w", "\\b", "^", "$", "\\B"];
  const quantifiers = ["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{1,}"];
  let functions = 0;
  const make = (depth: number): string => {
    const parts: string[] = [];
    for (let n = 1 + random(3); n > 0; n--) {
      let atom = atoms[random(atoms.length)]!;
      const isAssertion = atom === "^" || atom === "$" || atom === "\\b" || atom === "\\B";
      const isGroup = depth > 0 && random(3) === 0;
      if (isGroup) {
        const isFunction = functions === 0 && random(2) === 0;
        if (isFunction) functions++;
        const body = random(3) === 0
          ? `${make(depth - 1)}|${random(4) === 0 ? "" : make(depth - 1)}`
          : make(depth - 1);
        atom = `(${isFunction ? "?<function>" : random(2) === 0 ? "?:" : ""}${body})`;
      }
      const quantified = (isGroup || !isAssertion) && random(2) === 0;
      parts.push(atom + (quantified ? quantifiers[random(quantifiers.length)] : ""));
    }
    return parts.join("");
  };
  let linear = 0;
  let named = 0;
  for (let round = 0; round < 6000; round++) {
    functions = 0;
    const source = make(2);
    const expression = compileExpression(source);
    if (!expression.linear) continue;
    linear++;
    for (let n = 0; n < 6; n++) {
      const text = Array.from({ length: random(7) }, () => "abc "[random(4)]).join("");
      const found = expression.match(text);
      const name = found === undefined ? false : found.functionName ?? true;
      assert.equal(name, findNative(source, text), `/${source}/ on ${JSON.stringify(text)}`);
      if (typeof name === "string") named++;
    }
  }
  assert.ok(linear > 3000 && named > 1500, `${linear} linear, ${named} names: the test tests little`);
});
