import assert from "node:assert/strict";
import type { ProcessIdentity } from "../../observe/identity.ts";
import { compileRule, RuleSet } from "../../observe/rule_set.ts";
import { parseRule, RuleError } from "../../observe/rules.ts";

function identity(parts: Partial<ProcessIdentity> = {}): ProcessIdentity {
  return {
    pid: 100,
    startTimeTicks: 5000,
    exePaths: ["/srv/fn/fib.py", "/usr/bin/python3.11"],
    comm: "fib.py",
    cmdline: "/usr/bin/python3 /srv/fn/fib.py 35",
    cgroupCpu: "/",
    cgroupsOther: [],
    parentPid: 1,
    ...parts,
  };
}

/** A set with rules from the command line. */
function rules(...texts: string[]): RuleSet {
  const set = new RuleSet();
  for (const text of texts) set.add(parseRule(text, "command line"));
  return set;
}

/** The function that a set finds, undefined for none. */
function functionOf(set: RuleSet, who: ProcessIdentity): string | undefined {
  const verdict = set.match(who);
  return verdict.kind === "function" ? verdict.functionName : undefined;
}

Deno.test("match() finds a function by each kind of rule", () => {
  assert.equal(functionOf(rules("exe:/srv/fn/{function}.py"), identity()), "fib");
  assert.equal(functionOf(rules("py=exe:/usr/bin/python3*"), identity()), "py");
  assert.equal(functionOf(rules("comm:{function}.py"), identity()), "fib");
  assert.equal(functionOf(rules("cmd:/fn/(?<function>\\w+)\\.py"), identity()), "fib");
  assert.equal(functionOf(rules("me=cmd: 35$"), identity()), "me");
  assert.equal(functionOf(rules("me=pid:100"), identity()), "me");
  assert.equal(functionOf(rules("me=pid:101"), identity()), undefined);
  const inGroup = identity({ cgroupCpu: "/openfaas-fn/fib/inner", cgroupsOther: ["/"] });
  assert.equal(functionOf(rules("cgroup:/openfaas-fn/{function}"), inGroup), "fib");
});

Deno.test("match() looks at the cpu controller's cgroup first, else at the others", () => {
  const set = rules("cgroup:/fn/{function}");
  assert.equal(functionOf(set, identity({ cgroupCpu: "/fn/a", cgroupsOther: ["/fn/b"] })), "a");
  assert.equal(functionOf(set, identity({ cgroupCpu: "/", cgroupsOther: ["/x", "/fn/b"] })), "b");
  assert.equal(functionOf(set, identity({ cgroupCpu: undefined, cgroupsOther: ["/fn/b"] })), "b");
  assert.equal(functionOf(set, identity({ cgroupCpu: undefined, cgroupsOther: [] })), undefined);
});

Deno.test("match() of a pid rule holds for one process, not for a later one with the same pid", () => {
  const set = rules("me=pid:100");
  assert.equal(functionOf(set, identity({ startTimeTicks: 7 })), "me");
  assert.equal(functionOf(set, identity({ startTimeTicks: 7 })), "me");
  assert.equal(functionOf(set, identity({ startTimeTicks: 8 })), undefined);
});

Deno.test("match() lets the first rule win: command line, configuration, HTTP, discovery", () => {
  const set = new RuleSet();
  set.add(parseRule("d=comm:fib.py", "discovery"));
  set.add(parseRule("h=comm:*.py", "http"));
  set.add(parseRule("c=comm:fib*", "configuration"));
  set.add(parseRule("other=comm:nothing", "command line"));
  set.add(parseRule("l=comm:f*", "command line"));
  set.add(parseRule("l2=comm:**", "command line"));
  assert.deepEqual(set.list().map((rule) => rule.name), ["other", "l", "l2", "c", "h", "d"]);
  for (const [gone, next] of [["l", "l2"], ["l2", "c"], ["c", "h"], ["h", "d"], ["d", undefined]] as const) {
    assert.equal(functionOf(set, identity()), gone);
    set.remove(gone);
    assert.equal(functionOf(set, identity()), next);
  }
});

Deno.test("match() refuses a hostile name, says why on one line, and asks no later rule", () => {
  const set = rules("comm:{function}", "catch=exe:**");
  for (const comm of ["a\nb", "\x1b[2J", "\ufffd", ".."]) {
    const verdict = set.match(identity({ comm }));
    assert.equal(verdict.kind, "refused", JSON.stringify(comm));
    assert.ok(verdict.kind === "refused");
    assert.match(verdict.reason, /^rule r1 took the name ".*" from it: the name /);
    assert.ok(!/\p{Cc}/u.test(verdict.reason));
  }
  const long = identity({ exePaths: ["/fn/" + "x".repeat(256)] });
  assert.equal(rules("exe:/fn/{function}").match(long).kind, "refused");
});

Deno.test("match() refuses a match whose group named function took no part", () => {
  const verdict = rules("cmd:python3|(?<function>x)").match(identity());
  assert.ok(verdict.kind === "refused");
  assert.match(verdict.reason, /the name is empty/);
});

Deno.test("match() says whether executable, comm and cgroups alone decided", () => {
  const cases: [string[], boolean][] = [
    [[], true],
    [["fib=comm:fib.py"], true],
    [["fib=comm:fib.py", "x=cmd:x"], true],
    [["x=cmd:nothing", "fib=comm:fib.py"], false],
    [["x=pid:7", "fib=comm:fib.py"], false],
    [["fib=cmd:fib"], false],
    [["fib=pid:100"], false],
    [["x=comm:nothing"], true],
    [["x=comm:nothing", "y=cmd:nothing"], false],
    [["y=pid:7"], false],
  ];
  for (const [texts, cacheable] of cases) {
    assert.equal(rules(...texts).match(identity()).cacheable, cacheable, texts.join(" "));
  }
  assert.equal(rules("comm:{function}").match(identity({ comm: "\n" })).cacheable, true);
});

Deno.test("add() gives ids that are never given again and counts generations", () => {
  const set = rules("a=comm:a", "b=comm:b");
  const before = set.generation;
  assert.deepEqual(set.remove("r2").map((rule) => rule.name), ["b"]);
  assert.equal(set.generation, before + 1);
  assert.equal(set.add(parseRule("b=comm:b", "http")).id, "r3");
  assert.equal(set.generation, before + 2);
  assert.deepEqual(set.remove("nobody"), []);
  assert.equal(set.generation, before + 2);
});

Deno.test("add() refuses a second rule for the same match, whatever it names", () => {
  const set = rules("a=comm:a");
  for (const text of ["a=comm:a", "b=comm:a", "b=comm:a;mode=process"]) {
    assert.throws(() => set.add(parseRule(text, "http")), (error) => {
      assert.ok(error instanceof RuleError);
      assert.equal(error.code, "duplicate");
      assert.match(error.message, /rule r1 from command line matches the same/);
      return true;
    });
  }
  assert.equal(set.list().length, 1);
  set.add(parseRule("a=exe:/a", "http"));
  assert.equal(set.list().length, 2);
});

Deno.test("find() and remove() take an id before a name, and all rules of a name", () => {
  const set = rules("a=comm:a", "a=exe:/a", "r1=comm:c");
  assert.deepEqual(set.find("r1").map((rule) => rule.pattern), ["a"]);
  assert.deepEqual(set.find("a").map((rule) => rule.id), ["r1", "r2"]);
  assert.deepEqual(set.remove("a").map((rule) => rule.id), ["r1", "r2"]);
  assert.deepEqual(set.find("r1").map((rule) => rule.id), ["r3"]);
  assert.deepEqual(rules("comm:{function}").find("undefined"), []);
});

Deno.test("uses tells which kinds occur", () => {
  assert.deepEqual(new RuleSet().uses, {
    exe: false,
    comm: false,
    cgroup: false,
    cmd: false,
    pid: false,
    user: false,
  });
  const set = rules("a=comm:a", "a=pid:7");
  assert.deepEqual(set.uses, { exe: false, comm: true, cgroup: false, cmd: false, pid: true, user: false });
  set.remove("r2");
  assert.equal(set.uses.pid, false);
});

Deno.test("compileRule() gives the name as it was taken, not validated", () => {
  const match = compileRule(parseRule("comm:{function}", "http"));
  assert.equal(match(identity({ comm: "a\nb" })), "a\nb");
  assert.equal(match(identity({ comm: "a/b" })), undefined);
});
