import assert from "node:assert/strict";
import { join } from "node:path";
import { parseDemoOptions } from "../../bench/demo_options.ts";
import { measureWorkload, shortNames, traceOf, workloadOf } from "../../bench/workload.ts";
import { UsageError } from "../../cli/errors.ts";
import { parseRule } from "../../observe/rules.ts";

async function withCommands(
  commands: Record<string, string[]>,
  use: (file: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "commands.json");
    await Deno.writeTextFile(file, JSON.stringify(commands));
    await use(file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("workloadOf() gives every function of every mix a rule that no other function's process matches", async () => {
  for (const mix of ["azure", "huawei", "alike", "lognormal", "two-peaked"]) {
    const workload = await workloadOf(parseDemoOptions(["--mix", mix])!);
    const names = [...new Set(workload.mix.map(({ job, number }) => `${job}-${number}`))];
    const comms = names.map((name) => workload.runAs(name).slice(0, 15));
    assert.equal(new Set(comms).size, names.length, mix);
    assert.deepEqual(workload.rules, names.map((name, index) => `${name}=comm:${comms[index]}`));
    for (const rule of workload.rules) parseRule(rule, "command line");
  }
});

Deno.test("shortNames() changes only names that the kernel would make the same", () => {
  const names = ["fib-2", "featureExtractor-14", "floatOperation-31", "floatOperation-32"];
  assert.deepEqual([...shortNames(names).values()], [
    "fib-2",
    "featureExtractor-14",
    "floatOperati-31",
    "floatOperati-32",
  ]);
});

Deno.test("workloadOf() calls programs as it is told, and all of them where it is told nothing", async () => {
  await withCommands({ a: ["/bin/a", "{n}"], b: ["/bin/b"], c: ["/bin/c"] }, async (file) => {
    const args = ["--commands", file, "--rule", "exe:/bin/{function}"];
    const all = await workloadOf(parseDemoOptions([...args, "--call", "a:n=5,sigma=1"])!);
    assert.deepEqual(all.mix.map(({ job, n, share, sigma }) => [job, n, share, sigma]), [
      ["a", 5, 0, 1],
      ["b", 1, 0, undefined],
      ["c", 1, 0, undefined],
    ]);
    const some = await workloadOf(
      parseDemoOptions([...args, "--call", "c:share=3", "--call", "a:share=1,n=2"])!,
    );
    assert.deepEqual(some.mix.map(({ job, n, share }) => [job, n, share]), [["a", 2, 1], ["c", 1, 3]]);
    assert.deepEqual(some.rules, ["exe:/bin/{function}"]);
    await assert.rejects(
      workloadOf(parseDemoOptions([...args, "--call", "d:n=1"])!),
      (error) => error instanceof UsageError && /names d, .*one of a, b, c/.test(error.message),
    );
  });
});

Deno.test("measureWorkload() and traceOf() give each program as much CPU time", async () => {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => Response.json({ cpu_us: new URL(request.url).pathname === "/run/a" ? 10_000 : 40_000 }),
  );
  try {
    await withCommands({ a: ["/bin/a"], b: ["/bin/b"] }, async (file) => {
      const options = parseDemoOptions(["--commands", file, "--rule", "exe:/bin/{function}"])!;
      const url = `http://127.0.0.1:${server.addr.port}`;
      const workload = await measureWorkload(await workloadOf(options), url, undefined);
      const rows = traceOf(workload, { seed: 1, load: 0.5, cores: 2, seconds: 8 });
      const count = (name: string) => rows.filter((row) => row.function === name && row.job === name).length;
      assert.deepEqual([count("a"), count("b"), rows.length], [400, 100, 500]);
      assert.throws(() => traceOf(workload, { seed: 1, load: 0.001, cores: 1, seconds: 1 }), UsageError);
    });
  } finally {
    await server.shutdown();
  }
});
