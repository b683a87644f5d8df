import assert from "node:assert/strict";

const HOSTILE = "fib\n2026-01-01T00:00:00Z fatal alps: forged\r\x1b[2J\u2028x";

const href = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** What a process writes to standard error that logs a hostile value at each level. */
async function logged(level: string, format: string): Promise<string> {
  return await written(`
    import { configureLog } from ${href("../../core/log.ts")};
    import { getLogger } from "@logtape/logtape";
    configureLog(${JSON.stringify(level)}, ${JSON.stringify(format)});
    const log = getLogger(["alps", "test"]);
    const values = { name: ${JSON.stringify(HOSTILE)} };
    for (const each of ["debug", "info", "warning", "error", "fatal"]) log[each]("saw {name} end", values);
  `);
}

/** What a program writes to standard error. */
async function written(code: string): Promise<string> {
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(script, code);
    const config = new URL("../../deno.json", import.meta.url).pathname;
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--config", config, script],
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stderr);
    assert.ok(success, text);
    assert.equal(stdout.length, 0, "standard output is for what was asked for");
    return text;
  } finally {
    await Deno.remove(script);
  }
}

Deno.test("configureLog() writes one line per message as text, whatever its values hold", async () => {
  const lines = (await logged("info", "text")).split("\n");
  assert.equal(lines.pop(), "");
  assert.equal(lines.length, 4, "all from the level on");
  for (const line of lines) {
    assert.match(line, /^\d{4}-\d\d-\d\dT.*(info|warning|error|fatal).*alps\.test.*saw .*fib/i);
    // deno-lint-ignore no-control-regex -- these are what must not be there
    assert.doesNotMatch(line, /[\x00-\x1f\x7f\u2028]/);
  }
});

Deno.test("configureLog() writes one JSON object per line", async () => {
  const lines = (await logged("warning", "json")).split("\n");
  assert.equal(lines.pop(), "");
  assert.deepEqual(lines.map((line) => JSON.parse(line).level), ["WARN", "ERROR", "FATAL"]);
});

Deno.test("configureLog() writes what comes again and again once, and its count when the program ends", async () => {
  for (const end of ["", "Deno.exit(0);"]) {
    const text = await written(`
      import { configureLog } from ${href("../../core/log.ts")};
      import { getLogger } from "@logtape/logtape";
      configureLog("info", "json");
      const log = getLogger(["alps", "test"]);
      for (let i = 0; i < 100; i++) log.warning("cannot do {what}", { what: "this" });
      ${end}
    `);
    const lines = text.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(lines.map(({ properties }) => properties), [
      { what: "this" },
      { what: "this", left_out: 99 },
    ]);
  }
});
