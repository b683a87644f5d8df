import assert from "node:assert/strict";
import {
  formatRule,
  parseNewRule,
  parseRule,
  ruleEntry,
  RuleError,
  type RuleField,
} from "../../observe/rules.ts";

/** Parses, and checks that what is thrown is one line about this field. */
function refused(text: string, field: RuleField, message: RegExp): void {
  assert.throws(() => parseRule(text, "command line"), (error) => {
    assert.ok(error instanceof RuleError, String(error));
    assert.match(error.message, message);
    assert.equal(error.field, field, error.message);
    assert.ok(!/\p{Cc}/u.test(error.message), "one line");
    assert.ok(error.message.length < 600, error.message);
    return true;
  });
}

Deno.test("parseRule() reads name, kind, pattern and options", () => {
  assert.deepEqual(parseRule("fib=exe:/srv/fn/fib", "command line"), {
    name: "fib",
    kind: "exe",
    pattern: "/srv/fn/fib",
    mode: "auto",
    from: "command line",
  });
  assert.deepEqual(parseRule("fib=comm:fib;mode=warm;gap_ms=2.5", "http"), {
    name: "fib",
    kind: "comm",
    pattern: "fib",
    mode: "warm",
    gapMs: 2.5,
    from: "http",
  });
  assert.equal(parseRule("fib=comm:fib;gap_ms=5;mode=auto", "http").gapMs, 5);
  assert.equal(parseRule("me=pid:4194304", "http").pattern, "4194304");
});

Deno.test("parseRule() takes a bare kind before the first colon for no name", () => {
  assert.deepEqual(parseRule("cgroup:/openfaas-fn/{function}", "configuration"), {
    kind: "cgroup",
    pattern: "/openfaas-fn/{function}",
    mode: "auto",
    from: "configuration",
  });
  const rule = parseRule("cmd:x=exe:/(?<function>[a-z]+)", "configuration");
  assert.equal(rule.kind, "cmd");
  assert.equal(rule.pattern, "x=exe:/(?<function>[a-z]+)");
  assert.equal(rule.name, undefined);
});

Deno.test("parseRule() takes names with equals signs and colons", () => {
  assert.equal(parseRule("a=b=exe:/x", "http").name, "a=b");
  assert.equal(parseRule("ns:foo=exe:/x", "http").name, "ns:foo");
  assert.equal(parseRule("exe=exe:/x", "http").name, "exe");
  assert.equal(parseRule("a b=exe:/x=exe:y", "http").pattern, "/x=exe:y");
});

Deno.test("parseRule() reads \\; as a semicolon and leaves other escapes to the pattern", () => {
  assert.equal(parseRule("x=exe:/a\\;b;mode=process", "http").pattern, "/a;b");
  assert.equal(parseRule("x=exe:/a\\*b", "http").pattern, "/a\\*b");
  assert.equal(parseRule("x=exe:/a\\\\;mode=process", "http").pattern, "/a\\\\");
  assert.equal(parseRule("x=exe:/a\\\\\\;b", "http").pattern, "/a\\\\;b");
});

Deno.test("formatRule() writes what parseRule() reads back", () => {
  for (
    const text of [
      "fib=exe:/srv/fn/fib",
      "exe:/srv/{function}",
      "a=b=comm:x*",
      "x=exe:/a\\;b;mode=process",
      "x=exe:/a\\\\\\;b",
      "x=exe:/a\\\\;mode=process",
      "x=exe:/a\\*\\;",
      "cmd:python3 (?<function>[^ \\;]+)\\.py;mode=warm;gap_ms=0.5",
      "ns:foo=pid:12;gap_ms=7",
    ]
  ) {
    const rule = parseRule(text, "http");
    assert.equal(formatRule(rule), text);
    assert.deepEqual(parseRule(formatRule(rule), "http"), rule);
  }
});

Deno.test("ruleEntry() shows a rule as the HTTP interface does", () => {
  const rule = { ...parseRule("fib=exe:/a\\;b;mode=warm;gap_ms=5", "http"), id: "r3" };
  assert.deepEqual(ruleEntry(rule), {
    id: "r3",
    name: "fib",
    rule: "exe:/a\\;b",
    mode: "warm",
    gap_ms: 5,
    from: "http",
  });
  const bare = { ...parseRule("comm:{function}", "discovery"), id: "r4" };
  assert.deepEqual(ruleEntry(bare), { id: "r4", rule: "comm:{function}", mode: "auto", from: "discovery" });
});

Deno.test("parseRule() says what is wrong with a rule and what is wanted", () => {
  refused("", "rule", /no colon: wanted \[NAME=\]KIND:PATTERN.*exe, comm, cmd, cgroup, pid/);
  refused("fib", "rule", /rule "fib" has no colon/);
  refused("path:/x", "rule", /unknown kind "path".*KIND one of exe, comm, cmd, cgroup, pid/);
  refused("fib=path:/x", "rule", /unknown kind "path"/);
  refused("EXE:/x", "rule", /unknown kind "EXE"/);
  refused("exe:/x", "name", /gives its function no name: wanted NAME=exe:… or \{function\}/);
  refused("cmd:python", "name", /no name.*\(\?<function>…\)/);
  refused("cmd:\\(\\?<function>x", "name", /no name/);
  refused("pid:12", "name", /wanted NAME=pid:PID/);
  refused("x=pid:0", "rule", /process id, from 1 to 4194304/);
  refused("x=pid:4194305", "rule", /process id/);
  refused("x=pid:1e3", "rule", /process id/);
  refused("x=exe:/{function}", "name", /has a name and \{function\}.*wanted one of them/);
  refused("x=cmd:(?<function>a)", "name", /has a name and a group/);
  refused("=exe:/x", "name", /name is empty/);
  refused("x=exe:", "rule", /pattern is empty/);
  refused("x=exe:bin/python", "rule", /must begin with "\/" or "\*\*"/);
  refused("x=exe:*python", "rule", /must begin with/);
  refused("x=cgroup:/a/", "rule", /does not end in "\/"/);
  refused("x=comm:a\\", "rule", /lone backslash/);
  refused("exe:/{function}/{function}", "rule", /more than once/);
  refused("x=cmd:(", "rule", /regular expression/);
});

Deno.test("parseRule() says what is wrong with options", () => {
  refused("x=exe:/x;mode=cold", "mode", /mode "cold": wanted one of process, warm, auto$/);
  refused("x=exe:/x;mode=", "mode", /wanted one of process, warm, auto$/);
  refused("x=exe:/x;mode=auto;mode=auto", "mode", /two modes/);
  refused("x=exe:/x;gap_ms=0", "gap_ms", /from 0\.1 to 60000/);
  refused("x=exe:/x;gap_ms=-1", "gap_ms", /from 0\.1/);
  refused("x=exe:/x;gap_ms=1e3", "gap_ms", /from 0\.1/);
  refused("x=exe:/x;gap_ms=60001", "gap_ms", /to 60000/);
  refused("x=exe:/x;gap_ms=1;gap_ms=1", "gap_ms", /two gaps/);
  refused("x=exe:/x;gap_ms=5;mode=process", "gap_ms", /mode process does not have/);
  refused("x=exe:/x;foo=1", "rule", /unknown option "foo=1": wanted mode=… or gap_ms=…/);
  refused("x=exe:/x;", "rule", /unknown option ""/);
  refused("x=exe:/x;y", "rule", /a semicolon in the pattern is written \\;/);
});

Deno.test("parseRule() takes every mode, auto where none is given, and refuses another", () => {
  for (const mode of ["process", "warm", "auto"]) {
    assert.equal(parseRule(`x=exe:/x;mode=${mode}`, "http").mode, mode);
  }
  assert.equal(parseRule("x=exe:/x", "http").mode, "auto");
  refused("x=exe:/x;mode=cold", "mode", /mode "cold": wanted one of process, warm, auto$/);
});

Deno.test("parseRule() shows a hostile rule on one harmless line", () => {
  refused("x=exe:/x;\n\x1b[2Jmode=process", "rule", /\\u000a\\u001b/);
  refused("a\nb=exe:/x", "name", /control character/);
  refused("z".repeat(100_000), "rule", /…/);
});

Deno.test("parseNewRule() takes name, mode and gap beside the rule", () => {
  assert.deepEqual(parseNewRule({ name: "ns/foo:1", rule: "exe:/x", mode: "warm", gap_ms: 3 }, "http"), {
    name: "ns/foo:1",
    kind: "exe",
    pattern: "/x",
    mode: "warm",
    gapMs: 3,
    from: "http",
  });
  assert.equal(parseNewRule({ rule: "exe:/{function}" }).name, undefined);
  assert.equal(parseNewRule({ rule: "x=exe:/a;mode=process" }).mode, "process");
});

Deno.test("parseNewRule() names the field that is wrong", () => {
  const cases: [Parameters<typeof parseNewRule>[0], RuleField, RegExp][] = [
    [{ name: "a", rule: "b=exe:/x" }, "name", /and so does the field/],
    [{ rule: "a=exe:/x;mode=auto", mode: "auto" }, "mode", /and so does the field/],
    [{ rule: "a=exe:/x;gap_ms=1", gap_ms: 2 }, "gap_ms", /and so does the field/],
    [{ name: "a;mode=warm", rule: "exe:/x" }, "name", /semicolon/],
    [{ name: "exe:/y", rule: "exe:/x" }, "name", /beginning of a rule/],
    [{ name: "a=comm:b", rule: "exe:/x" }, "name", /beginning of a rule/],
    [{ name: "a\n", rule: "exe:/x" }, "name", /control character/],
    [{ name: "", rule: "exe:/x" }, "name", /empty/],
    [{ name: "a", rule: "exe:/{function}" }, "name", /wanted one of them/],
    [{ rule: "exe:/x" }, "name", /no name/],
    [{ name: "a", rule: "exe:x" }, "rule", /must begin/],
    [{ name: "a", rule: "exe:/x", gap_ms: -1 }, "gap_ms", /from 0\.1/],
  ];
  for (const [body, field, message] of cases) {
    assert.throws(() => parseNewRule(body), (error) => {
      assert.ok(error instanceof RuleError);
      assert.match(error.message, message);
      assert.equal(error.field, field, error.message);
      return true;
    });
  }
});
