/** Functions in real containers of a real Docker engine find themselves. */

import assert from "node:assert/strict";
import type { FunctionsSnapshot, InvocationEntry } from "../../api/agent_view.ts";
import { Place } from "./agent_process.ts";
import { Docker, Served, whyNoContainers } from "./containers.ts";
import { sleep, until } from "./lab.ts";

function dockerTest(name: string, test: (place: Place, docker: Docker) => Promise<void>): void {
  Deno.test({
    name,
    ignore: whyNoContainers !== undefined,
    fn: async () => {
      await using place = await Place.make();
      await using docker = await Docker.start(place);
      await test(place, docker);
    },
  });
}

dockerTest(
  "agent: containers of Docker are functions by their labels, names and variables",
  async (place, docker) => {
    // One runs before the agent comes.
    const early = await docker.serve({ labels: { "nuclio.io/function-name": "early" } });
    const agent = await place.agent("--backend", "none");
    const started = performance.now();
    await docker.serve({ name: "nuclio-team-thumb", labels: { "nuclio.io/function-name": "thumb" } });
    await docker.serve({ name: "wsk0_7_guest_hello" });
    await docker.serve({ env: { FN_FN_ID: "01DYNNHH9MNG8G00GZJ0000001", FN_APP_ID: "01DYNN" } });
    await docker.serve({ labels: { "alps.function": "own" } });
    const prewarmed = await docker.serve({ name: "wsk0_8_prewarm_nodejs20" });
    const other = await docker.serve({ name: "database" });
    const { functions, unknown, platforms } = await agent.until<FunctionsSnapshot>(
      "all functions",
      "/functions",
      ({ functions, unknown }) => functions.length === 5 && unknown.length === 2,
    );
    assert.deepEqual(
      functions.map(({ name, platform, instances }) => [name, platform, instances]).sort(),
      [
        ["01DYNNHH9MNG8G00GZJ0000001", "fn", 1],
        ["early", "nuclio", 1],
        ["hello", "openwhisk", 1],
        ["own", "docker", 1],
        ["team/thumb", "nuclio", 1],
      ],
    );
    assert.equal(functions.find(({ platform }) => platform === "fn")!.id, "01DYNNHH9MNG8G00GZJ0000001");
    assert.ok(functions.find(({ name }) => name === "early")!.cgroups[0]!.endsWith(`/docker/${early.id}`));
    assert.match(unknown.find(({ cgroup }) => cgroup.endsWith(prewarmed.id))!.hint, /pre-warmed/);
    assert.match(unknown.find(({ cgroup }) => cgroup.endsWith(other.id))!.hint, /NAME=cgroup:/);
    assert.equal(platforms.find(({ name }) => name === "docker")!.state, "working");
    console.log(`seven containers in ${Math.round(performance.now() - started)} ms`);

    // What they do is theirs.
    await early.ready();
    for (let i = 0; i < 6; i++) {
      await early.request("w20");
      await sleep(30); // longer than the gap
    }
    const { invocations } = await agent.until<{ invocations: InvocationEntry[] }>(
      "its invocations",
      "/invocations?function=early",
      ({ invocations }) => invocations.filter(({ cpu_us }) => cpu_us > 15_000).length >= 5,
    );
    assert.ok(invocations.every(({ kind }) => kind === "warm"));

    // A container that goes is no longer shown; what it was called stays.
    await docker.remove(early);
    await docker.remove(other);
    await agent.until<FunctionsSnapshot>(
      "they are gone",
      "/functions",
      ({ functions, unknown }) =>
        functions.find(({ name }) => name === "early")!.instances === 0 &&
        functions.find(({ name }) => name === "early")!.cgroups.length === 0 && unknown.length === 1,
    );
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
  },
);

dockerTest(
  "agent: what is put into a container is none of its function's work, and does not keep it from being ordered",
  async (place, docker) => {
    const container = await docker.serve({ labels: { "alps.function": "served" } });
    await container.ready();
    const put = async (name: string) => {
      await docker.cli("exec", "--detach", container.id, "/serve", "-u", `/sockets/${name}`);
      return await new Served(name, container.socket.replace(/[^/]*$/, name)).ready();
    };
    // One was there before the agent, one comes later: shells that somebody looks around with.
    const early = await put("early"), agent = await place.agent("--max-wait", "60");
    await agent.until<FunctionsSnapshot>(
      "the function",
      "/functions",
      ({ functions }) => functions.length === 1 && functions[0]!.instances > 0,
    );
    const late = await put("late");
    for (let i = 0; i < 4; i++) {
      for (const each of [container, early, late]) await each.request("w10 f10");
      await sleep(30); // longer than the gap
    }
    await container.request("w10");
    const { invocations } = await agent.until<{ invocations: InvocationEntry[] }>(
      "its invocations",
      "/invocations?limit=1000",
      ({ invocations }) => invocations.filter(({ cpu_us }) => cpu_us > 18_000).length >= 3,
    );
    assert.deepEqual([...new Set(invocations.map(({ pid }) => pid))].length, 1);
    const { functions, unknown } = await agent.json<FunctionsSnapshot>("GET", "/functions");
    assert.deepEqual([functions.map(({ instances }) => instances), unknown], [[1], []]);
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /holds processes of no function/);
  },
);

dockerTest(
  "agent: Docker is stopped and started again; hostile labels harm nobody",
  async (place, docker) => {
    const platform = ({ platforms }: FunctionsSnapshot) => platforms.find(({ name }) => name === "docker")!;
    const agent = await place.agent("--backend", "none");
    const first = await docker.serve({ labels: { "alps.function": "first" } });
    const hostile = [
      await docker.serve({ labels: { "alps.function": "x".repeat(100_000) } }),
      await docker.serve({ labels: { "alps.function": "a\u001b[2J\nfake" } }),
    ];
    const found = await agent.until<FunctionsSnapshot>(
      "the honest one and the others",
      "/functions",
      ({ functions, unknown }) => functions.length === 1 && unknown.length === hostile.length,
    );
    assert.ok(JSON.stringify(found).length < 10_000, "a long label is not repeated");
    assert.ok(hostile.every(({ id }) => found.unknown.some(({ cgroup }) => cgroup.endsWith(id))));

    const before = descriptors(agent.pid);
    await docker.stopDaemon();
    await agent.until<FunctionsSnapshot>(
      "that is shown",
      "/functions",
      (all) => platform(all).state !== "working",
    );
    await first.request("w5");
    await docker.startDaemon();
    await agent.until<FunctionsSnapshot>(
      "it is back",
      "/functions",
      (all) => platform(all).state === "working",
    );
    await docker.serve({ labels: { "alps.function": "second" } });
    await agent.until<FunctionsSnapshot>(
      "both",
      "/functions",
      ({ functions }) =>
        functions.map(({ name, instances }) => `${name} ${instances}`).sort().join() === "first 1,second 1",
    );
    // A container that dies while it is looked at, many times.
    for (let i = 0; i < 10; i++) {
      await docker.cli(
        "run",
        "--rm",
        "--network",
        "none",
        "--label",
        `alps.function=short-${i}`,
        "alps-test",
        "/serve",
        "-u",
        "/none/x",
      )
        .catch(() => {}); // it ends with an error at once
    }
    await docker.remove(first);
    const { functions } = await agent.until<FunctionsSnapshot>(
      "what is gone is gone",
      "/functions",
      ({ functions }) =>
        functions.every(({ name, instances, cgroups }) =>
          name === "second" || instances + cgroups.length === 0
        ),
    );
    assert.ok(functions.length >= 2);
    // What is open for a moment, such as a connexion for a container that has just gone, may be closed first.
    await until(
      () => `descriptors: ${before.join()}, then ${descriptors(agent.pid).join()}`,
      () => descriptors(agent.pid).length <= before.length + 2,
    );
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    // deno-lint-ignore no-control-regex
    assert.doesNotMatch(stderr, /[\u0000-\u0009\u000b-\u001f]|fake$/m);
  },
);

/** What the process has open, sorted. */
function descriptors(pid: number): string[] {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].flatMap(({ name }) => {
    try {
      return Deno.readLinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      return []; // closed since
    }
  }).sort();
}
