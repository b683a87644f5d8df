/** Cgroups by the thousand, and metadata that was made to do harm: each is attributed or listed, and nothing is left behind. */

import assert from "node:assert/strict";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { Place } from "./agent_process.ts";
import { bundle, TASKS, writeBundle, writeConfig } from "./bundle.ts";
import { mount, TestCgroup } from "./cgroups.ts";
import { sleep, whyNotLive } from "./lab.ts";
import { mapEntries } from "./resources.ts";

/** How many come in a minute, and in what time they do here. */
const COUNT = 1000, SPAN_MS = 60_000;

function scaleTest(name: string, test: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNotLive !== undefined || mount === undefined,
    fn: async () => {
      await using place = await Place.make();
      await test(place);
    },
  });
}

function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** CPU time that a process has used, in milliseconds. */
function cpuMs(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** A process in a cgroup of its own, from its first program on. */
function startIn(cgroup: TestCgroup, seconds: number): Deno.ChildProcess {
  const join = 'echo 0 > "$0/cgroup.procs" && exec sleep "$1"';
  return new Deno.Command("/bin/sh", { args: ["-c", join, cgroup.path, String(seconds)], stdin: "null" })
    .spawn();
}

scaleTest(`agent: ${COUNT} cgroups with processes and bundles in a minute`, async (place) => {
  Deno.mkdirSync(`${place.folder}/run/${TASKS}/openfaas-fn`, { recursive: true });
  const agent = await place.agent("--backend", "none");
  await agent.json("GET", "/functions");
  const entries = await mapEntries(agent.pid);
  const before = { fds: descriptors(agent.pid), cpuMs: cpuMs(agent.pid), at: performance.now() };
  await using parent = TestCgroup.make("scale");
  const path = (name: string) => `${parent.path.slice(mount!.path.length)}/${name}`;
  const living: { cgroup: TestCgroup; process: Deno.ChildProcess }[] = [];
  let gone = 0;
  const end = async () => {
    const { cgroup, process } = living.shift()!;
    process.kill("SIGKILL");
    await process.status;
    await cgroup.remove();
    gone++;
  };
  for (let i = 0; i < COUNT; i++) {
    // Three of four are a function's, of one of 50; of one in four nothing tells.
    const name = `c${i}`, known = i % 4 !== 0;
    const labels: Record<string, string> = known ? { "alps.function": `fn-${i % 50}` } : {};
    writeBundle(place, "default", name, path(name), labels);
    const cgroup = parent.make(name);
    living.push({ cgroup, process: startIn(cgroup, 300) });
    while (living.length > 400) {
      const { cgroup } = living[0]!;
      Deno.removeSync(`${place.folder}/run/${TASKS}/default/${cgroup.path.split("/").at(-1)}`, {
        recursive: true,
      });
      await end();
    }
    const ahead = before.at + (i + 1) * SPAN_MS / COUNT - performance.now();
    if (ahead > 0) await sleep(ahead);
  }
  const tookMs = performance.now() - before.at, percent = (cpuMs(agent.pid) - before.cpuMs) / tookMs * 100;
  console.log(
    `${COUNT} cgroups in ${(tookMs / 1000).toFixed(0)} s: agent at ${percent.toFixed(1)} % of a core`,
  );
  // Every one that lives is a function's, or is listed.
  const here = living.map(({ cgroup }) => cgroup.path.slice(mount!.path.length));
  const unnamed = here.filter((cgroup) => Number(/c(\d+)$/.exec(cgroup)![1]) % 4 === 0);
  const answer = await agent.until<FunctionsSnapshot>(
    "all are attributed or unknown",
    "/functions",
    ({ functions, unknown }) =>
      functions.reduce((sum, { instances }) => sum + instances, 0) === here.length - unnamed.length &&
      unnamed.every((cgroup) => unknown.some((each) => each.cgroup === cgroup)),
  );
  assert.equal(answer.functions.length, 50);
  // All go, and nothing of them is left.
  while (living.length > 0) await end();
  assert.equal(gone, COUNT);
  await agent.until<FunctionsSnapshot>(
    "all are gone",
    "/functions",
    ({ functions, unknown }) =>
      unknown.length === 0 &&
      functions.every(({ instances, cgroups }) => instances === 0 && cgroups.length === 0),
  );
  assert.ok(descriptors(agent.pid) <= before.fds + 2, "descriptors");
  // What is known of a function stays; nothing of a container, a process or a question does.
  const perFunction = ["function_stats", "modes", "idle_lengths"];
  for (const [name, count] of await mapEntries(agent.pid)) {
    const most = entries.get(name)! + (perFunction.includes(name) ? answer.functions.length : 0);
    assert.ok(count <= most, `${name}: ${count} entries, ${most} expected at most`);
  }
  assert.equal(await agent.metric("alps_active_invocations"), 0);
  const { code, stderr } = await agent.end("SIGTERM");
  assert.equal(code, 0, stderr);
});

scaleTest("agent: hostile metadata harms nobody, and is shown escaped", async (place) => {
  const agent = await place.agent("--backend", "none", "--log-level", "debug");
  await using parent = TestCgroup.make("hostile");
  const path = (name: string) => `${parent.path.slice(mount!.path.length)}/${name}`;
  const label = (name: string, text: string) => bundle(path(name), { "alps.function": text });
  const cases: [name: string, config: unknown][] = [
    ["dots", label("dots", "../../etc/passwd")],
    ["dot", label("dot", "..")],
    ["megabyte", label("megabyte", "x".repeat(1 << 20))],
    ["control", label("control", "a\u001b[2J\u0000b\r\nfake log line")],
    ["reversed", label("reversed", "nom\u202egnp.exe")],
    ["lone", JSON.stringify(label("lone", "X")).replace('"X"', '"\\ud800"')],
    ["nojson", "{ this is no JSON"],
    ["cut", JSON.stringify(label("cut", "cut")).slice(0, -20)],
    ["deep", "[".repeat(200_000)],
    ["list", "[1, 2, 3]"],
    ["empty", ""],
    ["types", {
      annotations: { "alps.function": { a: 1 } },
      process: { env: "no", args: 7 },
      mounts: {},
      linux: { cgroupsPath: path("types") },
    }],
    [
      "proto",
      `{"annotations": {"__proto__": {"alps.function": "x"}, "constructor": "y"}, "linux": {"cgroupsPath": "${
        path("proto")
      }"}}`,
    ],
    ["huge", JSON.stringify({ ...label("huge", "huge"), filler: "y".repeat(9 << 20) })],
    // It says that it is another container's cgroup.
    ["thief", bundle(path("victim"), { "alps.function": "stolen" })],
    ["victim", label("victim", "victim")],
  ];
  const processes: Deno.ChildProcess[] = [], cgroups: TestCgroup[] = [];
  for (const [name, config] of cases) {
    writeConfig(place, "default", name, typeof config === "string" ? config : JSON.stringify(config));
    const cgroup = parent.make(name);
    cgroups.push(cgroup);
    processes.push(startIn(cgroup, 120));
  }
  let answer = await agent.until<FunctionsSnapshot>(
    "the two honest ones",
    "/functions",
    ({ functions }) => functions.some(({ name }) => name === "victim") && functions.length >= 2,
  );
  // What is pending is looked at again for seven seconds: none becomes a function in that time.
  const all = () => answer.functions.map(({ name }) => name).sort();
  for (const end = performance.now() + 8000; performance.now() < end; await sleep(200)) {
    answer = await agent.json<FunctionsSnapshot>("GET", "/functions");
    assert.deepEqual(all(), ["../../etc/passwd", "victim"]);
  }
  const { text } = await agent.request("GET", "/functions");
  assert.ok(text.length < 100_000, "a megabyte is not repeated");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  const { text: metrics } = await agent.request("GET", "/metrics");
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(metrics, /[\u0000-\u0009\u000b-\u001f\u202e]/);
  const { functions } = JSON.parse(text) as FunctionsSnapshot;
  const victim = functions.find(({ name }) => name === "victim")!;
  assert.deepEqual([victim.instances, victim.cgroups], [1, [path("victim")]]);
  for (const process of processes) process.kill("SIGKILL");
  await Promise.all(processes.map(({ status }) => status));
  for (const cgroup of cgroups) await cgroup.remove();
  const { code, stderr } = await agent.end("SIGTERM");
  assert.equal(code, 0, stderr);
  // deno-lint-ignore no-control-regex
  assert.doesNotMatch(stderr, /[\u0000-\u0009\u000b-\u001f\u202e]|fake log line$/m);
});
