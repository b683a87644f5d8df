import assert from "node:assert/strict";
import { join } from "node:path";
import { runScript } from "../bench/commands.ts";

/** Without these there is no agent to measure. */
function missing(): string | undefined {
  if (Deno.uid() !== 0) return "the demo needs root";
  return undefined;
}

const reason = missing();
if (reason !== undefined) console.log(`skip: ${reason}`);
/** On a machine whose speed varies no round would be valid, and runs of seconds vary by themselves. */
const ANY_DRIFT = ["--drift", "1000"];
const options = { ignore: reason !== undefined };

Deno.test("the demo measures both policies over the same invocations", options, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { status, stdout, stderr } = await runScript(
      "bench/demo.ts",
      "--seconds",
      "5",
      "--json",
      ...ANY_DRIFT,
    );
    assert.equal(status, 0, stderr);
    assert.match(stderr, /^One round of 5 s at load 0\.9/);
    const { machine, commit, runs } = JSON.parse(stdout);
    assert.equal(machine.cores, navigator.hardwareConcurrency);
    assert.equal(typeof commit, "string");
    assert.equal(runs.length, 1);
    const [run] = runs;
    assert.deepEqual([run.load, run.rounds, run.cores], [0.9, 1, machine.cores]);
    assert.deepEqual(Object.keys(run.policies), ["default", "alps:avg", "oracle"]);
    const names = Object.keys(run.policies.default.functions);
    assert.ok(names.includes("fib-18"), names.join());
    for (const { all, functions } of Object.values<{ all: Figures; functions: Figures }>(run.policies)) {
      assert.ok(all.n! > 10 && all.failed === 0);
      assert.ok(all.mean_ms! > 0 && all.p99_ms! >= all.p50_ms! && all.mean_slowdown! >= 0.99);
      assert.deepEqual(Object.keys(functions), names);
    }
    const { oracle, default: before } = run.policies;
    assert.equal(before.all.n, oracle.all.n);
    assert.ok(oracle.all.mean_ms <= before.all.mean_ms);
    assert.deepEqual(Object.keys(run.gap_closed), ["alps:avg"]);
    assert.ok(run.agents["alps:avg"].cpu_percent >= 0 && run.agents["alps:avg"].peak_memory_mb > 10);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test(
  "the demo measures programs that it does not know, and says when a rule does not find them",
  options,
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const names = ["brief", "long"];
      const shell = await Deno.realPath("/bin/sh");
      const loop = "i=0; while [ $i -lt {n} ]; do i=$((i+1)); done";
      for (const name of names) await Deno.copyFile(shell, join(folder, name));
      const commands = Object.fromEntries(names.map((name) => [name, [join(folder, name), "-c", loop]]));
      const file = join(folder, "commands.json");
      await Deno.writeTextFile(file, JSON.stringify(commands));
      const args = ["--seconds", "3", "--null", "--commands", file];
      const calls = ["--call", "brief:n=10000", "--call", "long:n=200000"];
      const rule = ["--rule", `exe:${folder}/{function}`];
      const found = await runScript("bench/demo.ts", ...args, ...calls, ...rule, "--drift", "0");
      assert.equal(found.status, 0, found.stderr);
      assert.match(found.stdout, /^brief +\d+ /m);
      assert.match(found.stdout, /^mean turnaround .* ratio \d/m);
      // No two runs take as much CPU time to the nanosecond: no round is valid, and the better one is shown all the same.
      assert.match(found.stderr, /^No round was valid\. What follows is of the one whose runs differ least/m);
      assert.match(found.stdout, /^drift +the same invocations took up to \d/m);
      const lost = await runScript(
        "bench/demo.ts",
        ...args,
        ...ANY_DRIFT,
        ...calls,
        "--rule",
        `${names[0]}=exe:${folder}/brief`,
      );
      assert.equal(lost.status, 1);
      assert.match(lost.stderr, /^demo: the agent did not see long run: none of its rules matches/m);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("the demo leaves nothing behind when it is interrupted", options, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", "bench/demo.ts", "--seconds", "30"],
      cwd: join(import.meta.dirname!, "../.."),
      env: { TMPDIR: folder },
      stdout: "null",
      stderr: "piped",
    }).spawn();
    // Host and agent are there once the agent writes its record.
    let started: number[] = [];
    while (started.length < 2 || !hasRecord(folder)) {
      started = childrenOf(child.pid);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill("SIGINT");
    const { code } = await child.status;
    await child.stderr.cancel();
    assert.equal(code, 130);
    assert.deepEqual(started.filter(isAlive), []);
    assert.deepEqual([...Deno.readDirSync(folder)], []);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

type Figures = Partial<Record<string, number>>;

function hasRecord(folder: string): boolean {
  return [...Deno.readDirSync(folder)].some(({ name: demo }) =>
    [...Deno.readDirSync(join(folder, demo))].some(({ name: run }) =>
      exists(join(folder, demo, run, "invocations.jsonl"))
    )
  );
}

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function childrenOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

function isAlive(pid: number): boolean {
  return exists(`/proc/${pid}`);
}
