/** Generated rules and processes: a rule is read or refused in one line, and what is read applies to any process. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { nameProblem } from "../../observe/names.ts";
import type { ProcessIdentity } from "../../observe/identity.ts";
import { RuleSet } from "../../observe/rule_set.ts";
import { formatRule, parseRule, RuleError, type RuleSpec } from "../../observe/rules.ts";
import { anyText, often, ruleText } from "../fuzz.ts";

/** The rule, or undefined where it was refused as it must be. */
function read(text: string): RuleSpec | undefined {
  try {
    return parseRule(text, "http");
  } catch (error) {
    if (!(error instanceof RuleError)) throw error;
    // deno-lint-ignore no-control-regex -- what must not be there
    assert.doesNotMatch(error.message, /[\n\r\x1b]/);
    assert.ok(error.message.length < 1000, error.message);
    assert.ok(["name", "rule", "mode", "gap_ms"].includes(error.field), error.field);
    return undefined;
  }
}

const paths = fc.oneof(
  fc.constantFrom("/srv/fib", "/a/b/c", "/"),
  anyText,
  anyText.map((text) => `/srv/${text}`),
);

const processes: fc.Arbitrary<ProcessIdentity> = fc.record({
  pid: fc.integer({ min: 1, max: 1 << 22 }),
  startTimeTicks: fc.nat(),
  exePaths: fc.array(paths, { maxLength: 2 }),
  comm: anyText,
  cmdline: fc.oneof(anyText, fc.constant("x --f=fib -v")),
  cgroupCpu: fc.option(paths, { nil: undefined }),
  cgroupsOther: fc.array(paths, { maxLength: 2 }),
  parentPid: fc.nat(),
});

Deno.test("parseRule() reads or refuses any text, and formatRule() writes what is read back the same", () =>
  often(fc.property(ruleText, (text) => {
    const rule = read(text);
    if (rule) assert.deepEqual(parseRule(formatRule(rule), "http"), rule);
  })));

Deno.test("RuleSet.match() makes a function with a usable name of any process, or refuses it in one line", () =>
  often(fc.property(fc.array(ruleText, { minLength: 1, maxLength: 4 }), processes, (texts, identity) => {
    const rules = new RuleSet();
    for (const text of [...texts, "cmd:(?<function>[^]*)", "comm:{function}"]) {
      const rule = read(text);
      try {
        if (rule) rules.add(rule);
      } catch (error) {
        assert.ok(error instanceof RuleError && error.code === "duplicate", String(error));
      }
    }
    const verdict = rules.match(identity);
    if (verdict.kind === "function") assert.equal(nameProblem(verdict.functionName), undefined);
    // deno-lint-ignore no-control-regex -- what must not be there
    if (verdict.kind === "refused") assert.doesNotMatch(verdict.reason, /[\n\r\x1b]/);
  })));
