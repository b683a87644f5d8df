/** Generated command lines, environments and configuration files: an exit status and at most one line, never a crash. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { readConfig } from "../../cli/config.ts";
import { FailedError, UsageError } from "../../cli/errors.ts";
import { RUN_TABLE, variableOf } from "../../cli/options.ts";
import { main } from "../../cli/program.ts";
import { anyText, fieldValue, mostly, often, ruleText } from "../fuzz.ts";
import { everyAction } from "./every_action.ts";

const options = Object.keys(RUN_TABLE);

const values = fc.oneof(
  fc.constantFrom(
    "avg",
    "LR",
    "0.5",
    "10",
    "1e3",
    "127.0.0.1:0",
    "[::1]:80",
    "/run/x",
    "info",
    "json",
    "stock",
    "-1",
  ),
  fc.integer().map(String),
  ruleText,
  anyText,
);

const words = fc.oneof(
  fc.constantFrom("run", "host", "replay", "trace", "make", "help", "--help", "--version", "--", "-"),
  fc.constantFrom(...options).map((name) => `--${name}`),
  fc.tuple(fc.constantFrom(...options), values).map(([name, value]) => `--${name}=${value}`),
  values,
);

/** Runs the program; whatever it was told, it ends with a status and says at most one line. */
async function run(args: string[], env: Record<string, string>): Promise<void> {
  let out = "", err = "";
  const act = () => Promise.resolve(0);
  const status = await main(args, everyAction(act), {
    env,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
  });
  const what = `${JSON.stringify(args)} ${JSON.stringify(env)}: ${status} ${err}`;
  assert.ok([0, 1, 2, 3].includes(status), what);
  if (status === 0) return assert.equal(err, "", what);
  assert.match(err, /^alps-agent: [^\n]+\n$/, what);
  assert.doesNotMatch(err.trimEnd(), /\p{Cc}/u, what);
  // A mistake of the program shows its stack.
  assert.doesNotMatch(err, / at .*\.ts:\d+/, what);
}

Deno.test("main() ends any command line with a status and at most one line", () =>
  often(fc.asyncProperty(fc.array(words, { maxLength: 6 }), (args) => run(args, {}))));

Deno.test("main() ends any environment with a status and at most one line", () =>
  often(fc.asyncProperty(
    fc.dictionary(fc.constantFrom(...options.map(variableOf)), values, { maxKeys: 4 }),
    (env) => run([], env),
  )));

/** What the file says, or undefined where it is refused as it must be. */
function read(text: string): unknown {
  try {
    return readConfig("alps.json", RUN_TABLE, () => text);
  } catch (error) {
    assert.ok(error instanceof UsageError || error instanceof FailedError, String(error));
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    return undefined;
  }
}

const documents = fc.dictionary(
  mostly(fc.constantFrom(...options), anyText),
  fc.oneof(values, fieldValue, fc.array(ruleText, { maxLength: 3 })),
  { maxKeys: 5 },
).map((value) => JSON.stringify(value, null, 1));

Deno.test("readConfig() reads or refuses any text in one line", () =>
  often(fc.property(
    fc.oneof(
      anyText,
      documents,
      // Cut off, with comments, with commas too many, with something in between.
      fc.tuple(documents, fc.nat(200)).map(([text, at]) => text.slice(0, at)),
      fc.tuple(documents, fc.nat(200), fc.constantFrom("//x\n", "/* x */", ",", "\0", '"', "{", "]"))
        .map(([text, at, piece]) => text.slice(0, at) + piece + text.slice(at)),
      fc.constantFrom("[".repeat(5_000), '{"rule":'.repeat(2_000), `{"ml": "${"x".repeat(100_000)}"}`),
    ),
    (text) => void read(text),
  )));

Deno.test("main() ends any configuration file with a status and at most one line", async () => {
  const file = await Deno.makeTempFile();
  try {
    await often(fc.asyncProperty(documents, async (text) => {
      await Deno.writeTextFile(file, text.toWellFormed());
      await run(["--config", file], {});
    }));
  } finally {
    await Deno.remove(file);
  }
});
