/**
 * Functions in real containers under load: found, learned from nothing, ordered by their cgroups, which get back what they had.
 * How much that is worth depends on the machine and what else it does: `deno task bench containers` measures it.
 */

import assert from "node:assert/strict";
import type { FunctionsSnapshot, PrioritySnapshot } from "../../api/agent_view.ts";
import { type AgentProcess, Place } from "./agent_process.ts";
import { mount } from "./cgroups.ts";
import { Containerd, Docker, type Served, whyNoContainers } from "./containers.ts";
import { sleep, until } from "./lab.ts";

/** How often both ways are tried, one after the other, and with how many short requests each time. */
const PAIRS = 11, REQUESTS = 3;

/** Starts a container of a function. */
type Start = (name: string, index: number, weight: number) => Promise<Served>;

/** Puts a process into a container from outside, as a shell to look around with. */
type Enter = (container: Served) => Promise<unknown>;

/** Sends short requests to an idle container, apart from each other; the sum of their turnarounds in ms. */
async function sendShort(container: Served): Promise<number> {
  let sum = 0;
  for (let i = 0; i < REQUESTS; i++) {
    await sleep(15); // longer than the gap
    const start = performance.now();
    await container.request("w20");
    sum += performance.now() - start;
  }
  return sum;
}

/** Keeps a container busy until it is told to stop. */
async function keepBusy(container: Served, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) await container.request("w300");
}

async function learn(agent: AgentProcess, short: Served, long: Served): Promise<void> {
  for (let i = 0; i < 6; i++) {
    await short.request("w20");
    await long.request("w150");
    await sleep(20);
  }
  await agent.until<PrioritySnapshot>(
    "both are learned, the short one before the long one",
    "/priority",
    ({ functions }) => functions.map(({ name }) => name).join() === "short,long",
  );
}

async function ordered(place: Place, start: Start, enter: Enter): Promise<void> {
  const short = await start("short", 0, 2000), long: Served[] = [];
  for (let i = 0; i < 2 * navigator.hardwareConcurrency; i++) long.push(await start("long", i, 3000));
  for (const container of [short, ...long]) await container.ready();
  // What is not the function's does not keep its container from being ordered.
  for (const container of long) await enter(container);
  const agent = await place.agent("--max-wait", "60", "--epoch", "1");
  const { functions } = await agent.until<FunctionsSnapshot>(
    "each container is its function's",
    "/functions",
    ({ functions }) =>
      functions.map(({ name, instances }) => `${name} ${instances}`).sort().join() ===
        `long ${long.length},short 1`,
  );
  const files = (name: string) =>
    functions.find((each) => each.name === name)!.cgroups.map((cgroup) =>
      `${mount!.path}${cgroup}/${mount!.weightFile}`
    );
  const read = (file: string) => Deno.readTextFileSync(file).trim();
  const all = [...files("short"), ...files("long")], before = all.map(read);
  assert.equal(all.length, 1 + long.length);
  await learn(agent, short, long[0]!);

  const stop = new AbortController();
  const load = Promise.allSettled(long.map((container) => keepBusy(container, stop.signal)));
  let better = 0, defaultMs = 0, orderedMs = 0;
  try {
    for (let pair = 0; pair < PAIRS; pair++) {
      await agent.json("PUT", "/enforcement", { enabled: false });
      await until("all have their weights back", () => all.every((file, i) => read(file) === before[i]));
      const without = await sendShort(short);
      await agent.json("PUT", "/enforcement", { enabled: true });
      await until(
        "long ones are demoted",
        () => files("long").some((file) => read(file) === mount!.leastWeight),
      );
      const withIt = await sendShort(short);
      defaultMs += without;
      orderedMs += withIt;
      if (withIt < without) better++;
    }
  } finally {
    stop.abort();
  }
  const ended = await load;
  const mean = (ms: number) => (ms / PAIRS / REQUESTS).toFixed(1);
  console.log(
    `short beside ${long.length} long: default ${mean(defaultMs)} ms, ordered ${
      mean(orderedMs)
    } ms; better in ` +
      `${better} of ${PAIRS} pairs`,
  );
  assert.ok(ended.every(({ status }) => status === "fulfilled"));
  assert.ok(better > PAIRS / 2, `better in ${better} of ${PAIRS} pairs`);
  const { code, stderr } = await agent.end("SIGTERM");
  assert.equal(code, 0, stderr);
  assert.deepEqual(all.map(read), before);
}

Deno.test({
  name: "agent: functions in containers of containerd are found, learned and ordered",
  ignore: whyNoContainers !== undefined,
  fn: async () => {
    await using place = await Place.make();
    await using containerd = await Containerd.start(place);
    await ordered(
      place,
      (name, i) => containerd.serve("default", `${name}-${i}`, { labels: { "alps.function": name } }),
      ({ id }) =>
        containerd.ctr(
          "default",
          ...["task", "exec", "--detach", "--exec-id", "shell", id, "/serve", "-u", `/sockets/in-${id}`],
        ),
    );
  },
});

Deno.test({
  name: "agent: functions in containers of Docker are found, learned and ordered, with weights of their own",
  ignore: whyNoContainers !== undefined,
  fn: async () => {
    await using place = await Place.make();
    await using docker = await Docker.start(place);
    await ordered(
      place,
      (name, _, weight) =>
        docker.serve({ labels: { "alps.function": name }, options: ["--cpu-shares", String(weight)] }),
      ({ id }) => docker.cli("exec", "--detach", id, "/serve", "-u", `/sockets/in-${id}`),
    );
  },
});
