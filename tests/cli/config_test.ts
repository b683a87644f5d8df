import assert from "node:assert/strict";
import { readConfig } from "../../cli/config.ts";
import { FailedError, UsageError } from "../../cli/errors.ts";
import { RUN_TABLE } from "../../cli/options.ts";

/** What a file with this text says: option → [label, text] pairs. */
function read(text: string): Record<string, [string, string][]> {
  const values = readConfig("alps.json", RUN_TABLE, () => text);
  return Object.fromEntries(
    [...values].map(([name, raw]) => [name, raw.map(({ label, text }): [string, string] => [label, text])]),
  );
}

function refused(text: string, message: string | RegExp): void {
  assert.throws(() => read(text), (error) => {
    assert.ok(error instanceof UsageError, String(error));
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    assert.ok(!/\p{Cc}/u.test(error.message), "one line");
    return true;
  });
}

Deno.test("readConfig() reads JSON with comments, and knows the line of each key", () => {
  const text = '// the agent\n{\n  "ml": "LR", /* learn */\n  "alpha": 0.5,\n  "unpred": true,\n}\n';
  assert.deepEqual(read(text), {
    ml: [['alps.json, line 3: "ml"', "LR"]],
    alpha: [['alps.json, line 4: "alpha"', "0.5"]],
    unpred: [['alps.json, line 5: "unpred"', "true"]],
  });
});

Deno.test("readConfig() takes one rule or several", () => {
  assert.deepEqual(read('{"rule": "comm:{function}"}')["rule"]?.map(([, text]) => text), ["comm:{function}"]);
  assert.deepEqual(read('{"rule": ["a=comm:a", "b=comm:b"]}')["rule"]?.map(([, text]) => text), [
    "a=comm:a",
    "b=comm:b",
  ]);
  assert.deepEqual(read('{"rule": []}')["rule"], []);
});

Deno.test("readConfig() takes an empty file for one that says nothing", () => {
  assert.deepEqual(read(""), {});
  assert.deepEqual(read("// nothing yet\n"), {});
  assert.deepEqual(read("{}"), {});
});

Deno.test("readConfig() names the line of broken JSON", () => {
  refused('{\n  "ml": "LR"\n  "alpha": 1\n}', "alps.json, line 3: not JSON with comments: comma expected");
  refused('{\n\n"ml": ', /^alps\.json, line 3: not JSON with comments: /);
  refused("{ml: 1}", /^alps\.json, line 1: not JSON with comments: /);
  refused("]\x1b[2J", /^alps\.json, line 1: not JSON with comments: /);
});

Deno.test("readConfig() names unknown keys and lists the allowed ones", () => {
  refused(
    '{\n"mI": "LR"}',
    /^alps\.json, line 2: "mI" is not an option: allowed are ml, alpha, beta, .*log-format$/,
  );
  refused('{"config": "b.json"}', /"config" is not an option/);
  refused('{"maxWait": 1}', /"maxWait" is not an option/);
  refused('{"__proto__": 1}', /"__proto__" is not an option/);
  refused('{"toString": 1}', /"toString" is not an option/);
  refused('{"a\\nb": 1}', /"a\\u000ab" is not an option/);
});

Deno.test("readConfig() names keys that are given twice", () => {
  refused('{"ml": "LR",\n"ml": "avg"}', 'alps.json, line 2: "ml" is given twice: wanted once');
});

Deno.test("readConfig() names wrong types", () => {
  refused('{"alpha": "1"}', 'alps.json, line 1: "alpha" must be a number above 0 (got "1")');
  refused('{"ml": 5}', 'alps.json, line 1: "ml" must be one of avg, LR, RF, EWMV, gittins (got 5)');
  refused('{"unpred": "true"}', 'alps.json, line 1: "unpred" must be true or false (got "true")');
  refused('{"ml": null}', 'alps.json, line 1: "ml" must be one of avg, LR, RF, EWMV, gittins (got null)');
  refused('{"state": ["a"]}', /"state" must be a path.* \(got an array\)/);
  refused(
    '{"rule": {}}',
    'alps.json, line 1: "rule" must be a string or an array of strings (got an object)',
  );
  refused('{"rule": ["a=comm:a", 5]}', /"rule" must be a string or an array of strings \(got 5\)/);
  refused("[1]", "alps.json, line 1: wanted an object with options as its keys");
  refused('"ml"', /wanted an object/);
});

Deno.test("readConfig() fails where the file cannot be read", () => {
  const folder = Deno.makeTempDirSync();
  try {
    for (
      const [path, why] of [[`${folder}/none.json`, /No such file or directory$/], [
        folder,
        /directory$/,
      ]] as const
    ) {
      assert.throws(() => readConfig(path, RUN_TABLE), (error) => {
        assert.ok(error instanceof FailedError);
        assert.match(error.message, /^cannot read the configuration file /);
        assert.match(error.message, why);
        return true;
      });
    }
  } finally {
    Deno.removeSync(folder);
  }
});

Deno.test("readConfig() refuses what is nested so deeply that no stack can hold it", () => {
  refused('{"rule": '.repeat(100_000), "alps.json: nested too deeply");
});
