import assert from "node:assert/strict";
import { readConfig } from "../../cli/config.ts";
import { RUN_TABLE } from "../../cli/options.ts";
import { readValues } from "../../cli/table.ts";

const text = Deno.readTextFileSync(new URL("../../deploy/agent.json", import.meta.url));
const EXAMPLES = /^(\s*)\/\/ (, "|"(exe|cgroup):)/gm;

Deno.test("the installed configuration can be read as it is, and sets nothing", () => {
  assert.deepEqual([...readConfig("agent.json", RUN_TABLE, () => text)], [["rule", []]]);
});

Deno.test("the installed configuration names every option, with values that are taken", () => {
  const all = text.replace(EXAMPLES, "$1$2");
  const values = readConfig("agent.json", RUN_TABLE, () => all);
  const options = Object.keys(RUN_TABLE).filter((name) => name !== "config");
  assert.deepEqual([...values.keys()].sort(), options.sort());
  readValues("run", RUN_TABLE, [values]);
});

Deno.test("each line of the installed configuration can be taken into use by itself", () => {
  const lines = text.split("\n");
  for (const [i, line] of lines.entries()) {
    const used = line.replace(EXAMPLES, "$1$2");
    if (used === line) continue;
    readConfig("agent.json", RUN_TABLE, () => lines.with(i, used).join("\n"));
  }
});

Deno.test("the installed configuration shows the values that hold without it", () => {
  const values = readConfig("agent.json", RUN_TABLE, () => text.replace(EXAMPLES, "$1$2"));
  for (const [name, { fallback, repeats }] of Object.entries(RUN_TABLE)) {
    if (fallback === undefined || repeats) continue;
    assert.deepEqual(values.get(name)?.map((value) => value.text), [fallback], name);
  }
});
