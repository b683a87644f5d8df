/** The evaluation on real processes: a minute of it, and what it leaves when it is interrupted. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { runScript } from "../bench/commands.ts";

/** Without these there is nothing to measure with. */
function missing(): string | undefined {
  return Deno.uid() === 0 ? undefined : "the benchmark needs root";
}

const reason = missing();
if (reason !== undefined) console.log(`skip: ${reason}`);
const options = { ignore: reason !== undefined };

Deno.test("bench measures policies that are really in force, and writes its report", options, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { status, stdout, stderr } = await runScript(
      "bench/main.ts",
      ...["--load", "1.1", "--rounds", "1", "--seconds", "4", "--work", "0.1", "--out", folder, "--json"],
      ...["--policy", "nice", "--policy", "rr", "--policy", "sfs", "--policy", "hybrid", "--ml", "avg"],
    );
    assert.equal(status, 0, stderr);
    assert.match(
      stderr,
      /^1 round of 4 s on \d+ cores?, each of 1 trace under each of 6 policies: 6 runs, about/,
    );
    const document = JSON.parse(stdout);
    const [run] = document.runs;
    assert.deepEqual(run.policy_list.map(({ name }: { name: string }) => name), [
      ...["default", "nice", "rr", "sfs", "hybrid", "alps:avg"],
    ]);
    const [round] = run.by_round;
    const count = run.policies.default.all.n;
    for (const { policy, in_force, scheduled, invocations } of round.runs) {
      if (isPossible(run, policy)) assert.notEqual(in_force.verdict, "no", `${policy}: ${in_force.detail}`);
      assert.equal(invocations.turnaround_ms.length, invocations.function.length);
      // The same processes at the same priority under every policy.
      assert.deepEqual(scheduled, round.runs[0].scheduled, policy);
      assert.deepEqual(Object.keys(scheduled).sort(), ["agent", "host", "load generator", "native parent"]);
    }
    assert.ok(count > 20 && run.policies.oracle.all.mean_ms <= run.policies.default.all.mean_ms);
    const [made] = [...Deno.readDirSync(folder)];
    const page = await Deno.readTextFile(join(folder, made!.name, "report.html"));
    assert.match(page, /<svg /);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(folder, made!.name, "results.json"))), document);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test(
  "bench that is interrupted reports finished rounds, and leaves no process behind",
  options,
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--quiet", "-A", "bench/main.ts", "--load", "1.1", "--rounds", "50", "--seconds", "1.5"],
          ...["--work", "0.05", "--policy", "sfs", "--out", join(folder, "out")],
        ],
        cwd: join(import.meta.dirname!, "../.."),
        env: { TMPDIR: folder },
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const output = new Response(child.stdout).text();
      // Host, its native parent, and an agent.
      let errors = "", started: number[] = [];
      for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
        errors += text;
        // The third round has begun, so that one at least is finished.
        if (started.length > 0 || !errors.includes("round 3/50")) continue;
        // Its agent comes after that.
        while ((started = descendantsOf(child.pid)).length < 3) {
          await new Promise((done) => setTimeout(done, 10));
        }
        child.kill("SIGINT");
      }
      assert.equal((await child.status).code, 130, errors);
      assert.match(await output, /^Interrupted: of 50 rounds, those that were finished are shown\.$/m);
      assert.deepEqual(started.filter(isAlive), []);
      assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["out"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);

Deno.test("bench does not call a policy measured that the kernel refuses", options, async () => {
  const folder = await Deno.makeTempDir();
  try {
    const { status, stdout, stderr } = await runScript(
      "bench/main.ts",
      ...["--load", "1.1", "--rounds", "1", "--seconds", "2", "--work", "0.05", "--host", "cgroups"],
      ...["--policy", "rr", "--policy", "nice", "--out", folder, "--json"],
    );
    assert.equal(status, 0, stderr);
    const { runs: [run] } = JSON.parse(stdout);
    // Whether cgroups of functions may have real-time tasks is up to how the kernel was built.
    if (!isPossible(run, "rr")) {
      assert.equal(run.policies.rr, undefined);
      return;
    }
    const [{ runs }] = run.by_round;
    const { in_force } = runs.find(({ policy }: { policy: string }) => policy === "rr");
    assert.notEqual(in_force.verdict, "no", in_force.detail);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

interface Listed {
  readonly policy_list: readonly { readonly name: string; readonly not_possible: string | null }[];
}

function isPossible({ policy_list }: Listed, policy: string): boolean {
  return policy_list.find(({ name }) => name === policy)!.not_possible === null;
}

function descendantsOf(pid: number): number[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
  const children = text === "" ? [] : text.split(" ").map(Number);
  return [...children, ...children.flatMap(descendantsOf)];
}

function isAlive(pid: number): boolean {
  try {
    // A process that has ended and was not waited for yet is no process any more.
    return !/^State:\tZ/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
