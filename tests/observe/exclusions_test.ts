import assert from "node:assert/strict";
import { Exclusions, NO_EXCLUSIONS } from "../../observe/exclusions.ts";
import { PatternError } from "../../observe/glob.ts";
import type { ProcessIdentity } from "../../observe/identity.ts";
import { RuleSet } from "../../observe/rule_set.ts";
import { parseRule } from "../../observe/rules.ts";

function identity(parts: Partial<ProcessIdentity> = {}): ProcessIdentity {
  return {
    pid: 100,
    startTimeTicks: 5000,
    exePaths: ["/srv/fn/fib"],
    comm: "fib",
    cmdline: "/srv/fn/fib 35",
    cgroupCpu: "/",
    cgroupsOther: [],
    parentPid: 1,
    ...parts,
  };
}

function ruleSet(exclude: Partial<typeof NO_EXCLUSIONS>, ...rules: string[]): RuleSet {
  const set = new RuleSet(new Exclusions({ ...NO_EXCLUSIONS, ...exclude }));
  for (const rule of rules) set.add(parseRule(rule, "command line"));
  return set;
}

Deno.test("Exclusions cover cgroups with their descendants, in every hierarchy", () => {
  const own = new Exclusions({ ...NO_EXCLUSIONS, cgroups: ["/system.slice/*", "/db"] });
  assert.ok(own.coversProcess(identity({ cgroupCpu: "/system.slice/cron" })));
  assert.ok(own.coversProcess(identity({ cgroupCpu: "/system.slice/cron/inner/most" })));
  assert.ok(own.coversProcess(identity({ cgroupCpu: "/", cgroupsOther: ["/x", "/db"] })));
  assert.ok(!own.coversProcess(identity({ cgroupCpu: "/system.slice" })));
  assert.ok(!own.coversProcess(identity({ cgroupCpu: "/dbase" })));
  assert.ok(!own.coversProcess(identity({ cgroupCpu: undefined })));
});

Deno.test("Exclusions cover users, and nobody whose user is not known", () => {
  const own = new Exclusions({ ...NO_EXCLUSIONS, users: [0, 1000] });
  assert.ok(own.coversProcess(identity({ uid: 0 })));
  assert.ok(own.coversProcess(identity({ uid: 1000 })));
  assert.ok(!own.coversProcess(identity({ uid: 1 })));
  assert.ok(!own.coversProcess(identity()));
});

Deno.test("Exclusions cover functions by globs on whole names", () => {
  const own = new Exclusions({ ...NO_EXCLUSIONS, functions: ["batch-*", "team/**"] });
  for (const name of ["batch-", "batch-1", "team/a/b"]) assert.ok(own.coversFunction(name), name);
  for (const name of ["a-batch-1", "batch-a/b", "team"]) assert.ok(!own.coversFunction(name), name);
});

Deno.test("Exclusions refuse globs that are none", () => {
  assert.throws(() => new Exclusions({ ...NO_EXCLUSIONS, cgroups: ["db"] }), PatternError);
  assert.throws(() => new Exclusions({ ...NO_EXCLUSIONS, functions: [""] }), PatternError);
});

Deno.test("RuleSet.match() leaves out what is excluded, before any rule, and lets that be remembered", () => {
  const set = ruleSet({ cgroups: ["/db"], users: [7], functions: ["fib*"] }, "exe:/srv/fn/{function}");
  const kind = (parts: Partial<ProcessIdentity>) => {
    const { kind, cacheable } = set.match(identity(parts));
    return [kind, cacheable];
  };
  assert.deepEqual(kind({ exePaths: ["/srv/fn/other"] }), ["function", true]);
  assert.deepEqual(kind({ exePaths: ["/srv/fn/other"], cgroupCpu: "/db/x" }), ["excluded", true]);
  assert.deepEqual(kind({ exePaths: ["/srv/fn/other"], uid: 7 }), ["excluded", true]);
  assert.deepEqual(kind({}), ["excluded", true]);
  assert.deepEqual(kind({ exePaths: ["/bin/sh"], cgroupCpu: "/db" }), ["excluded", true]);
  assert.deepEqual(kind({ exePaths: ["/bin/sh"] }), ["none", true]);
  const byCommand = ruleSet({ functions: ["a"] }, "cmd:(?<function>\\w+)$");
  assert.deepEqual(
    [byCommand.match(identity({ cmdline: "x a" })), byCommand.match(identity({ cmdline: "x b" })).kind],
    [{ kind: "excluded", cacheable: false, byPlace: false }, "function"],
  );
});

Deno.test("RuleSet.uses has the kernel side look at what exclusions need, where there are rules at all", () => {
  const needs = ({ uses }: RuleSet) => [uses.cgroup, uses.user];
  const all = { cgroups: ["/db"], users: [7], functions: ["x"] };
  assert.deepEqual(needs(ruleSet(all)), [false, false]);
  assert.deepEqual(needs(ruleSet(all, "a=exe:/a")), [true, true]);
  assert.deepEqual(needs(ruleSet({ functions: ["x"] }, "a=exe:/a")), [false, false]);
});
