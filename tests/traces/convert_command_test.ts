import assert from "node:assert/strict";
import { join } from "node:path";
import { parseTrace } from "../../traces/alps.ts";
import { runTraceConvert, summary } from "../../traces/convert_command.ts";
import { FailedError } from "../../cli/errors.ts";
import { runScript } from "../bench/commands.ts";
import { inFolder } from "../in_folder.ts";

const AZURE = "app,func,end_timestamp,duration\na,f,10,0.5\na,g,11.25,2\na,f,10.5,0.001\n";

function options(from: string, to: string) {
  return {
    from,
    to,
    format: undefined,
    durations: undefined,
    seed: 1,
    seconds: undefined,
    limit: undefined,
  };
}

Deno.test("alps-agent trace convert writes a trace that replay takes, and says what is in it", () =>
  inFolder(async (folder) => {
    const from = join(folder, "azure.csv"), to = join(folder, "trace");
    await Deno.writeTextFile(from, AZURE);
    const done = await runScript("agent.ts", "trace", "convert", "--from", from, "--to", to);
    assert.deepEqual(done, {
      status: 0,
      stdout: "",
      stderr: "3 invocations of 2 functions over 1.2 s: 2.5 s of CPU time, load 2.002 on one core\n",
    });
    assert.equal(
      await Deno.readTextFile(to),
      "1 3600000 floatOperation 0 5001\n2 900000 floatOperation 250 5002\n3 1800 floatOperation 999 5002\n",
    );
    await Deno.writeTextFile(from, AZURE.replace("11.25", "soon"));
    const before = await Deno.readTextFile(to);
    const broken = await runScript("agent.ts", "trace", "convert", "--from", from, "--to", to);
    assert.deepEqual([broken.status, broken.stdout], [1, ""]);
    assert.match(
      broken.stderr,
      /^alps-agent: cannot read line 3 of ".*azure.csv": column "end_timestamp" is "soon"/,
    );
    // Nothing half written, and what was there is still there.
    assert.equal(await Deno.readTextFile(to), before);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["azure.csv", "trace"]);
  }));

Deno.test("runTraceConvert() takes a trace apart from its jobs as it is, and may write over what it reads", () =>
  inFolder(async (folder) => {
    const path = join(folder, "trace"), text = "1 31 fib 34 5018\n2 8 graphPagerank 17.5 5010\n";
    await Deno.writeTextFile(path, text);
    assert.equal(await runTraceConvert(options(path, path)), 0);
    assert.equal(await Deno.readTextFile(path), text);
    assert.equal(await runTraceConvert({ ...options(path, path), limit: 1 }), 0);
    assert.deepEqual(parseTrace(await Deno.readTextFile(path)).length, 1);
  }));

Deno.test("runTraceConvert() says what cannot be read or written, and when there is nothing to write", () =>
  inFolder(async (folder) => {
    const from = join(folder, "azure.csv"), to = join(folder, "trace");
    await Deno.writeTextFile(from, AZURE);
    const fails = async (changes: Partial<ReturnType<typeof options>>, message: RegExp) => {
      await assert.rejects(runTraceConvert({ ...options(from, to), ...changes }), (error: Error) => {
        assert.ok(error instanceof FailedError, error.stack);
        assert.match(error.message, message);
        return true;
      });
    };
    await fails({ from: join(folder, "none") }, /^cannot read trace ".*none": No such file/);
    await fails({ to: join(folder, "none", "x") }, /^cannot write the trace to ".*x": No such file/);
    await fails({ to: folder }, /^cannot write the trace to /);
    await Deno.writeTextFile(from, "app,func,end_timestamp,duration\n");
    await fails({}, /it has no invocations to write/);
    assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["azure.csv"]);
  }));

Deno.test("runTraceConvert() refuses more functions than the format can tell apart", () =>
  inFolder(async (folder) => {
    const from = join(folder, "many.csv");
    const rows = Array.from({ length: 60_536 }, (_, index) => `a,${index},1,1\n`);
    await Deno.writeTextFile(from, "app,func,end_timestamp,duration\n" + rows.join(""));
    await assert.rejects(
      runTraceConvert(options(from, join(folder, "trace"))),
      /cannot replay ".*many.csv": it has more than 60535 functions/,
    );
  }));

Deno.test("summary() says what was left out, and no CPU time where the trace has none", () => {
  const contents = { invocations: 5, functions: 2, lastDueMs: 2000 };
  assert.deepEqual(summary({ ...contents, cpuMs: NaN }, 0), ["5 invocations of 2 functions over 2.0 s"]);
  assert.deepEqual(summary({ ...contents, cpuMs: 500 }, 7), [
    "5 invocations of 2 functions over 2.0 s: 0.5 s of CPU time, load 0.250 on one core",
    "7 invocations are left out: the table of durations does not have their functions",
  ]);
});
