import assert from "node:assert/strict";
import { listTests } from "../../../scripts/test_files.ts";
import { ROOT } from "../../../scripts/paths.ts";
import { jobScript, quoted } from "../../../kernel/vm/job.ts";
import {
  IN_THE_MACHINE,
  LEFT_OUT,
  WITH_DEBIANS_KERNEL,
  WITH_PATCHED_CFS,
  WITH_SCHED_EXT,
} from "../../../kernel/vm/live_tests.ts";
import { type MachineEnd, runMachine } from "../../../kernel/vm/machine.ts";
import { verdictOf } from "../../../kernel/vm/verdict.ts";

/** Runs a "machine" that is a shell script; $job is the folder that it may write to. */
async function machine(script: string, limitMinutes = 5): Promise<MachineEnd & { output: string }> {
  const folder = await Deno.makeTempDir({ prefix: "alps-vm-" });
  try {
    const qemu = `${folder}/qemu`;
    await Deno.writeTextFile(qemu, `#!/bin/sh\njob=${folder}/job console=${folder}/console\n${script}\n`, {
      mode: 0o755,
    });
    const kernel = { series: "6.1", release: "6.1.0", image: "/none", modules: [] };
    const job = { script: "true", cpus: 1, memoryMb: 1, limitMinutes };
    let output = "";
    const decoder = new TextDecoder();
    const end = await runMachine(
      kernel,
      "/none",
      job,
      folder,
      (chunk) => output += decoder.decode(chunk),
      qemu,
    );
    return { ...end, output };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("runMachine() shows the job's output and returns its exit status and the console", async () => {
  const end = await machine(
    "echo '3 passed, 0 failed'; echo boots > $console; cat $job/job.sh; echo 7 > $job/status",
  );
  assert.deepEqual([end.status, end.hung, end.output], [7, false, "3 passed, 0 failed\ntrue"]);
  assert.equal(end.console, "boots\n");
});

Deno.test("runMachine() kills a machine that hangs, and says so", async () => {
  const end = await machine("echo $$ > $console; exec sleep 600", 0.01);
  assert.deepEqual([end.status, end.hung], [undefined, true]);
  await assert.rejects(Deno.lstat(`/proc/${end.console.trim()}`), Deno.errors.NotFound, "it runs no longer");
});

Deno.test("runMachine() starts a machine again that the emulation's fault ended before its job, and no other", async () => {
  const boots = (then: string) => `echo x >> $job/boots; ${then}; wc -l < $job/boots >&2`;
  const race = "echo 'Oops: int3: 0000 [#2] PREEMPT SMP' > $console";
  const twice = await machine(
    boots(`if [ $(wc -l < $job/boots) = 1 ]; then ${race}; else echo 0 > $job/status; fi`),
  );
  assert.equal(twice.status, 0);
  assert.match(twice.console, /2\n$/);
  const always = await machine(boots(race));
  assert.equal(always.status, undefined);
  assert.match(always.console, /int3[^]*3\n$/, "it gives up after three");
  const later = await machine(boots(`touch $job/began; ${race}`));
  assert.match(later.console, /1\n$/, "a crash while the job runs is a failure");
  const other = await machine(boots("echo 'BUG: unable to handle page fault' > $console"));
  assert.match(other.console, /1\n$/, "so is any other crash");
});

Deno.test("verdictOf() takes the last counts; a machine that hangs, crashes or complains is one failure more", () => {
  const fine = { status: 0, hung: false, began: true, console: "boots\n" };
  assert.deepEqual(verdictOf(fine, "1 passed, 1 failed\nx\r\n5 passed, 0 failed\r\n"), {
    passed: 5,
    failed: 0,
    trouble: undefined,
  });
  const bad: [Partial<MachineEnd>, string, number, RegExp][] = [
    [{ hung: true, status: undefined }, "", 1, /hung and was killed/],
    [{ status: undefined }, "5 passed, 0 failed\n", 1, /ended before the tests did/],
    [{ status: 1 }, "5 passed, 0 failed\n", 1, /status 1 and without fitting counts/],
    [{ status: 0 }, "5 passed, 2 failed\n", 3, /status 0/],
    [{ status: 0 }, "", 1, /without fitting counts/],
    [
      {},
      "1 skipped\r\n  no such file\r\n  off\r\n5 passed, 0 failed\r\n",
      1,
      /skipped:\n {2}no such file\n {2}off\n/,
    ],
    [
      { console: "x\n[  1.0] BUG: unable to handle page fault\n" },
      "5 passed, 0 failed\n",
      1,
      /complained: .*BUG/,
    ],
    [
      { console: "WARNING: CPU: 1 PID: 9 at kernel/sched/core.c:3 x" },
      "5 passed, 0 failed\n",
      1,
      /kernel\/sched\/core/,
    ],
  ];
  for (const [change, output, failed, trouble] of bad) {
    const verdict = verdictOf({ ...fine, ...change }, output);
    assert.equal(verdict.failed, failed, JSON.stringify(change));
    assert.match(verdict.trouble!, trouble);
  }
  assert.equal(verdictOf(fine, "3 skipped\n5 passed, 0 failed\n", true).trouble, undefined, "not asked for");
  assert.equal(
    verdictOf({ ...fine, status: 1 }, "5 passed, 2 failed\n").trouble,
    undefined,
    "tests that fail",
  );
});

Deno.test("quoted() keeps a word whole, whatever is in it", async () => {
  const word = "a b'c\"$(exit 3)`\\\n";
  const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf %s ${quoted(word)}`] }).output();
  assert.equal(new TextDecoder().decode(stdout), word);
});

Deno.test("jobScript() runs the files in the checkout, without network and with patience", () => {
  const script = jobScript(["tests/live/x_test.ts"], ["--filter=a b"], 9);
  assert.match(script, /^export ALPS_TEST_PATIENCE='9'$/m);
  assert.ok(script.includes(`cd '${ROOT}'`));
  assert.match(script, /'--cached-only'.* '--filter=a b' 'tests\/live\/x_test\.ts'$/m);
});

Deno.test("every live test runs in the virtual machines, or is left out with a reason", () => {
  const files = listTests(`${ROOT}/tests/live`).map((path) => path.slice(`${ROOT}/tests/live/`.length));
  assert.deepEqual(
    [
      ...IN_THE_MACHINE,
      ...WITH_DEBIANS_KERNEL,
      ...WITH_SCHED_EXT,
      ...WITH_PATCHED_CFS,
      ...Object.keys(LEFT_OUT),
    ].sort(),
    files.sort(),
  );
  for (const [file, reason] of Object.entries(LEFT_OUT)) assert.ok(reason.length > 20, file);
});
