import assert from "node:assert/strict";
import { CHECK_IDS } from "../../doctor/check.ts";
import { runDoctor } from "../../doctor/doctor.ts";
import { type Found, schedulerFigures } from "../../doctor/running_agent.ts";
import { type Fake, fakeMachine } from "./fake_machine.ts";

/** Runs the doctor on a machine. */
async function run(
  json: boolean,
  fake: Fake = {},
  found?: Found,
): Promise<{ status: number; text: string }> {
  let text = "";
  const ask = () => Promise.resolve(found);
  const status = await runDoctor({ json }, "1.2.3", (more) => text += more, fakeMachine(fake), ask);
  return { status, text };
}

Deno.test("runDoctor() prints one aligned line for each check, without colours", async () => {
  const { status, text } = await run(false);
  assert.equal(status, 0);
  // deno-lint-ignore no-control-regex -- these are what must not be there
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f]/);
  const lines = text.split("\n");
  assert.match(lines[0]!, /^alps-agent 1\.2\.3 on Linux 6\.12\.5\+deb13-amd64 \(/);
  const checks = lines.slice(2, 2 + CHECK_IDS.length);
  const columns = checks.map((line) => /^(\S+ +)(\S+( \S+)* {2,})(\S.*)$/.exec(line)!);
  assert.deepEqual(columns.map((found) => found[2]!.trim().replaceAll(" ", "_")), [...CHECK_IDS]);
  assert.equal(
    new Set(columns.map((found) => found[1]!.length)).size,
    1,
    "the second column begins at one place",
  );
  assert.equal(new Set(columns.map((found) => found[2]!.length)).size, 1, "and the third one");
  assert.match(text, /^--backend auto takes stock, the first that can be used\.$/m);
});

Deno.test("runDoctor() ends with 3 where the agent cannot enforce, and says what to change first", async () => {
  const { status, text } = await run(false, { uid: 1000, probe: "not allowed" });
  assert.equal(status, 3);
  assert.match(text, /^This machine cannot enforce an order: no backend can be used\.$/m);
  assert.match(text, /What to change for more:\n {2}root: run alps-agent as root/);
});

Deno.test("runDoctor() prints the documented document with --json", async () => {
  const { status, text } = await run(true, { files: { "/sys/kernel/btf/vmlinux": undefined } });
  assert.equal(status, 3);
  const document = JSON.parse(text);
  assert.deepEqual(Object.keys(document), [
    "format",
    "version",
    "kernel",
    "arch",
    "cpus",
    "can_enforce",
    "auto",
    "why",
    "backends",
    "checks",
    "advice",
    "functions",
    "unknown",
    "platforms",
    "scheduler",
  ]);
  assert.deepEqual([document.format, document.can_enforce, document.auto], [1, false, null]);
  assert.deepEqual(document.checks.map(({ id }: { id: string }) => id), CHECK_IDS);
  assert.deepEqual(document.checks[3], {
    id: "btf",
    status: "missing",
    found: "no type information of the kernel (/sys/kernel/btf/vmlinux)",
    remedy: "use a kernel built with CONFIG_DEBUG_INFO_BTF=y, or mount /sys",
  });
  assert.deepEqual(document.backends.map(({ name }: { name: string }) => name), ["scx", "cfs", "stock"]);
  const described = await Deno.readTextFile(new URL("../../docs/doctor.md", import.meta.url));
  for (const name of [...Object.keys(document), ...CHECK_IDS]) {
    assert.ok(described.includes(`\`${name}\``), name);
  }
});

Deno.test("runDoctor() shows what the agent that runs has found, escaped", async () => {
  const found: Found = {
    rules: [],
    functions: [{
      name: "a\u001b[2J",
      id: "20",
      platform: "openfaas",
      rule_id: "discovery",
      found_by: "pod label faas_function",
      mode: "warm",
      instances: 2,
      overlapped: 0,
      cgroups: ["/kubepods/x"],
    }],
    unknown: [{ cgroup: "/docker/y", pid: 7, hint: "nothing names\u202eit" }],
    platforms: [{ name: "docker", state: "failing", detail: "no answer" }],
  };
  const { text } = await run(false, {}, found);
  assert.match(text, /a\\u001b\[2J +openfaas +2 instances +pod label faas_function; \/kubepods\/x/);
  assert.match(text, /unknown +pid 7 +\/docker\/y: nothing names\\u202eit/);
  assert.match(text, /docker +failing +no answer/);
  const { text: json } = await run(true, {}, found);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(json, /[\u001b\u202e]/);
  assert.deepEqual(JSON.parse(json).functions, found.functions);
  assert.doesNotMatch(text, /scheduler in the kernel has counted/);
});

Deno.test("runDoctor() shows what the agent's scheduler has counted", async () => {
  const scheduler = schedulerFigures(
    '# HELP alps_scheduler_queued x\nalps_scheduler_queued{of="functions"} 3\nalps_cfs_swaps_total 12\nalps_epoch 4\n',
  );
  assert.deepEqual(scheduler, { 'alps_scheduler_queued{of="functions"}': 3, alps_cfs_swaps_total: 12 });
  const found: Found = { rules: [], functions: [], unknown: [], platforms: [], scheduler };
  const { text } = await run(false, {}, found);
  assert.match(
    text,
    /^What its scheduler in the kernel has counted:\n {2}alps_scheduler_queued\{of="functions"\} +3\n {2}alps_cfs_swaps_total +12\n$/m,
  );
  assert.deepEqual(JSON.parse((await run(true, {}, found)).text).scheduler, scheduler);
});
