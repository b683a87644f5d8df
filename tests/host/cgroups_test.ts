/** `alps-agent host --cgroups` and `--sessions`, on real cgroups. */
import assert from "node:assert/strict";
import { cgroupMount } from "../../enforce/cgroup_mount.ts";
import { cgroupName } from "../../host/cgroups.ts";
import { startHost } from "../../host/host.ts";
import { readIdentity } from "../../observe/identity.ts";
import { childrenOf, eventually, readComm } from "./processes.ts";

const reason = Deno.uid() !== 0
  ? "making cgroups needs root"
  : cgroupMount()
  ? undefined
  : "no cpu controller";
if (reason !== undefined) console.log(`skip: ${reason}`);
const options = { ignore: reason !== undefined };

function post(url: string, name: string, body: unknown): Promise<Response> {
  return fetch(`${url}/run/${encodeURIComponent(name)}`, { method: "POST", body: JSON.stringify(body) });
}

Deno.test(
  "startHost() with cgroups puts each function's processes into one, and removes them",
  options,
  async () => {
    const root = cgroupMount()!.path, parent = `${root}/alps-host-${Deno.pid}`;
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, '{"nap": ["/bin/sleep", "{n}"]}');
    try {
      const host = await startHost({ listen: "127.0.0.1:0", cgroups: true, commands: file });
      const cases: [name: string, comm: string, job: object, cgroup: string][] = [
        ["busy", "busy", { n: 50, id: 1, job: "fib" }, "busy"],
        ["../../x\n", "../../x\n", { n: 50, id: 2, job: "fib" }, "%2E%2E%2F%2E%2E%2Fx%0A"],
        ["nap", "sleep", { n: 1000, id: 3 }, "nap"],
      ];
      for (const [name, comm, body, cgroup] of cases) {
        const unfinished = post(host.url, name, body);
        const pid = await eventually(() =>
          childrenOf(host.parentPid).find((each) => readComm(each) === comm)
        );
        const expected = `${parent}/${cgroup}`.slice(root.length);
        await eventually(() => readIdentity(pid)?.cgroupCpu === expected || undefined);
        Deno.kill(pid, "SIGKILL");
        await (await unfinished).body?.cancel();
      }
      assert.equal([...Deno.readDirSync(parent)].filter(({ isDirectory }) => isDirectory).length, 3);
      await host.stop();
      assert.throws(() => Deno.statSync(parent), Deno.errors.NotFound);
    } finally {
      await Deno.remove(file);
    }
  },
);

Deno.test("startHost() with cgroups removes those of a host that was killed", options, async () => {
  const left = `${cgroupMount()!.path}/alps-host-999999999`;
  await Deno.mkdir(`${left}/fib`, { recursive: true });
  await using _host = await startHost({ listen: "127.0.0.1:0", cgroups: true });
  assert.throws(() => Deno.statSync(left), Deno.errors.NotFound);
});

Deno.test("startHost() with sessions gives each invocation one of its own", options, async () => {
  await using host = await startHost({ listen: "127.0.0.1:0", sessions: true });
  const unfinished = post(host.url, "busy", { n: 50, id: 1, job: "fib" });
  const pid = await eventually(() => childrenOf(host.parentPid).find((each) => readComm(each) === "busy"));
  const session = () => Number(Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ")[3]);
  await eventually(() => session() === pid || undefined);
  Deno.kill(pid, "SIGKILL");
  await (await unfinished).body?.cancel();
});

Deno.test("cgroupName() makes names that stay in their folder, differ, and fit", () => {
  assert.equal(cgroupName("fib-18"), "fib-18");
  for (const name of ["..", ".", "a/b", "../x", "\n", "é".repeat(120)]) {
    const made = cgroupName(name);
    assert.match(made, /^[^/.\n]{1,255}$/, name);
  }
  assert.notEqual(cgroupName("é".repeat(120)), cgroupName("é".repeat(121)));
});
