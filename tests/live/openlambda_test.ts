/** OpenLambda's workers and sandboxes, made as it makes them: directories, mounts, cgroups, ALPS's configurations. */

import assert from "node:assert/strict";
import type { FunctionsSnapshot, InvocationEntry, PrioritySnapshot } from "../../api/agent_view.ts";
import { startHost } from "../../host/host.ts";
import { Place } from "./agent_process.ts";
import { nativeProgram } from "./build_native.ts";
import { mount, TestCgroup } from "./cgroups.ts";
import { whyNotLive } from "./lab.ts";

function openLambdaTest(name: string, test: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNotLive !== undefined || mount === undefined,
    fn: async () => {
      await using place = await Place.make();
      await test(place);
    },
  });
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

openLambdaTest(
  "agent: ALPS's workers have the ids that ALPS gave them, on the embedded host",
  async (place) => {
    const workspace = `${place.folder}/ws`, port = freePort();
    await Deno.mkdir(`${workspace}/worker20`, { recursive: true });
    const config = {
      worker_dir: `${workspace}/worker20/worker`,
      worker_port: String(port),
      seal_priority: "20",
    };
    const path = `${workspace}/worker20/config.json`;
    await Deno.writeTextFile(path, JSON.stringify({ ...config, function_name: "fib-20" }));
    await using host = await startHost({ openlambda: workspace, cgroups: true });
    const agent = await place.agent("--backend", "none", "--epoch", "1", "--openlambda", path);
    for (let i = 0; i < 8; i++) {
      const answer = await fetch(`${host.workerUrls[0]}/run/fib`, {
        method: "POST",
        headers: { "Content-Type": "application/x-www-form-urlencoded" },
        body: '{"n":"28","id":"20","job":"fib"}',
      });
      assert.equal(answer.status, 200, await answer.text());
    }
    const { functions } = await agent.until<FunctionsSnapshot>(
      "its function",
      "/functions",
      ({ functions }) => functions.length > 0,
    );
    const [{ name, id, platform } = {} as never] = functions;
    assert.deepEqual([name, id, platform], ["fib-20", "20", "openlambda"]);
    const { invocations } = await agent.until<{ invocations: InvocationEntry[] }>(
      "its invocations",
      "/invocations",
      ({ invocations }) => invocations.length >= 7,
    );
    assert.ok(invocations.every((each) => each.function === "fib-20" && each.function_id === "20"));
    await agent.until<PrioritySnapshot>(
      "it is learned",
      "/priority",
      ({ functions }) => functions.length === 1 && functions[0]!.id === "20",
    );
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
  },
);

openLambdaTest("agent: a SOCK sandbox is the function's whose code is mounted in it", async (place) => {
  const folder = `${place.folder}/ol/worker`, root = `${folder}/root-sandboxes/7-SB-1`;
  for (
    const each of [`${root}/host`, `${root}/handler`, `${folder}/scratch/7-echo`, `${folder}/code/7-echo`]
  ) {
    await Deno.mkdir(each, { recursive: true });
  }
  await Deno.copyFile(await nativeProgram("serve"), `${root}/serve`);
  const agent = await place.agent("--backend", "none");
  await using sandboxes = TestCgroup.make("ol-sandboxes");
  await using cgroup = sandboxes.make("cg-1");
  // It joins its cgroup first and changes its root then: until it has, nothing tells the lambda.
  const script = 'mount --bind "$1" "$1" && mount --bind "$2/scratch/7-echo" "$1/host" && ' +
    'mount --bind "$2/code/7-echo" "$1/handler" && echo 0 > "$0/cgroup.procs" && sleep 0.3 && exec chroot "$1" /serve';
  const process = new Deno.Command("unshare", {
    args: ["--mount", "sh", "-c", script, cgroup.path, root, folder],
    stdin: "piped",
  }).spawn();
  const { functions } = await agent.until<FunctionsSnapshot>(
    "its lambda",
    "/functions",
    ({ functions }) => functions.some(({ instances }) => instances === 1),
  );
  const [{ name, platform, cgroups } = {} as never] = functions;
  assert.deepEqual([name, platform, cgroups], ["echo", "openlambda", [
    cgroup.path.slice(mount!.path.length),
  ]]);
  process.kill("SIGKILL");
  await process.status;
  await process.stdin.close().catch(() => {});
  const { code, stderr } = await agent.end("SIGTERM");
  assert.equal(code, 0, stderr);
});
