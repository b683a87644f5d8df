import assert from "node:assert/strict";
import { commandFor, CommandsError, readCommands } from "../../host/commands.ts";

async function withFile(text: string, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".jsonc" });
  try {
    await Deno.writeTextFile(path, text);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("readCommands() takes comments and trailing commas", () =>
  withFile('// mine\n{ "a": ["/bin/a", "{n}"], /* x */ "b/c": ["/bin/b"], }', async (path) => {
    assert.deepEqual([...await readCommands(path)], [["a", ["/bin/a", "{n}"]], ["b/c", ["/bin/b"]]]);
  }));

Deno.test("readCommands() says which line or entry is wrong", async () => {
  const cases: [text: string, message: RegExp][] = [
    ['{\n  "a": ["/bin/a"\n}', /: line 3: \w+; wanted \{"NAME": /],
    ["", /: line 1: ValueExpected; wanted/],
    ["[]", /expected record, received array; wanted/],
    ['{"a": "/bin/a"}', /: "a": .*expected array, received string; wanted/],
    ['{"a": []}', /: "a": /],
    ['{"a": ["bin/a"]}', /: "a": must begin with a program's absolute path; wanted/],
    ['{"a": ["/bin/a", 3]}', /: "a\.1": .*expected string, received number; wanted/],
    ['{"": ["/bin/a"]}', /wanted/],
    ["[".repeat(100_000), /: nested too deeply; wanted/],
  ];
  for (const [text, message] of cases) {
    await withFile(text, (path) =>
      assert.rejects(readCommands(path), (error: unknown) => {
        assert.ok(error instanceof CommandsError);
        assert.ok(
          error.message.startsWith(`cannot read commands from ${JSON.stringify(path)}: `),
          error.message,
        );
        assert.match(error.message, message);
        assert.ok(!error.message.includes("\n"), "one line");
        return true;
      }));
  }
});

Deno.test("readCommands() says why a file cannot be read", async () => {
  await assert.rejects(readCommands("/no/such/file"), (error: unknown) => {
    assert.ok(error instanceof CommandsError);
    assert.equal(error.message, 'cannot read commands from "/no/such/file": No such file or directory');
    return true;
  });
});

Deno.test("commandFor() puts n into arguments, not into the program's path", () => {
  assert.deepEqual(commandFor(["/{n}/a", "{n}", "--n={n},{n}", "n", "{N}"], 12), [
    "/{n}/a",
    "12",
    "--n=12,12",
    "n",
    "{N}",
  ]);
});
