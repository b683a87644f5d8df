import assert from "node:assert/strict";
import { argumentsArea, variableChanges } from "../../core/portable_process.ts";

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

Deno.test("variableChanges() gives back what the launcher has kept, and removes what it has set", () => {
  const env = { PATH: "/bin", DENO_DIR: "/proc/self/none", DENO_NO_UPDATE_CHECK: "1" };
  assert.deepEqual([...variableChanges(env)], [["DENO_DIR", undefined], ["DENO_NO_UPDATE_CHECK", undefined]]);
  const kept = { ...env, _ALPS_KEPT_DENO_DIR: "/cache", _ALPS_KEPT_DENO_TLS_CA_STORE: "" };
  assert.deepEqual(Object.fromEntries(variableChanges(kept)), {
    DENO_DIR: "/cache",
    DENO_NO_UPDATE_CHECK: undefined,
    DENO_TLS_CA_STORE: "",
    _ALPS_KEPT_DENO_DIR: undefined,
    _ALPS_KEPT_DENO_TLS_CA_STORE: undefined,
  });
});
