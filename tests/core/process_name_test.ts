import assert from "node:assert/strict";
import { argumentsArea } from "../../core/process_name.ts";

Deno.test("argumentsArea() counts fields from behind the name", () => {
  const fields = Array.from({ length: 50 }, (_, i) => `${i + 3}`);
  [fields[48 - 3], fields[49 - 3]] = ["140722300000000", "140722300000123"];
  const stat = `42 (a) b (c)) S ${fields.slice(1).join(" ")}`;
  assert.deepEqual(argumentsArea(stat), { start: 140722300000000n, bytes: 123 });
});

Deno.test("argumentsArea() finds this process's own arguments", () => {
  const { bytes } = argumentsArea(Deno.readTextFileSync("/proc/self/stat"));
  assert.equal(bytes, Deno.readFileSync("/proc/self/cmdline").length);
});
