import assert from "node:assert/strict";
import type { FunctionMetrics, MetricsSnapshot } from "../../api/agent_view.ts";
import { METRICS } from "../../api/metric_table.ts";
import { MetricsPage } from "../../api/metrics.ts";
import parsePrometheus from "parse-prometheus-text-format";
import { emptyMetrics } from "./fake_view.ts";

interface Line {
  name: string;
  labels: Record<string, string>;
  value: number;
}

/** A reader of the text format, written from its specification; fails on a line that does not fit. */
function parse(page: string): { samples: Line[]; types: Map<string, string> } {
  const samples: Line[] = [];
  const types = new Map<string, string>();
  for (const line of page.split("\n")) {
    if (line === "" || line.startsWith("# HELP ")) continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type) {
      assert.ok(!types.has(type[1] ?? ""), `two types: ${line}`);
      types.set(type[1] ?? "", type[2] ?? "");
      continue;
    }
    const sample = /^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\["\\n])*",?)*)\})? (\S+)$/.exec(line);
    assert.ok(sample, `no sample: ${JSON.stringify(line)}`);
    const labels: Record<string, string> = {};
    for (const [, key = "", text = ""] of (sample[2] ?? "").matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)) {
      labels[key] = text.replace(/\\(.)/g, (_, char) => char === "n" ? "\n" : char);
    }
    samples.push({ name: sample[1] ?? "", labels, value: Number(sample[3]) });
  }
  return { samples, types };
}

function ofFunction(name: string, cpuSeconds = 2): FunctionMetrics {
  return {
    name,
    invocations: 3,
    cpuSeconds,
    waitSeconds: 0.25,
    preemptions: 7,
    dispatches: 8,
    cpu: { upperBoundsS: [0.001, 0.25, 1], counts: [0, 1, 2], sumS: cpuSeconds },
    turnaround: { upperBoundsS: [0.001, 0.25, 1, 8], counts: [0, 0, 2, 1], sumS: 6 },
  };
}

async function page(snapshot: Partial<MetricsSnapshot>): Promise<ReturnType<typeof parse>> {
  return parse(await new MetricsPage("1.2.3").render({ ...emptyMetrics(), ...snapshot }));
}

Deno.test("METRICS: names begin with alps_, are unique, and counters alone end in _total", () => {
  const names = METRICS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, type, help } of METRICS) {
    assert.match(name, /^alps_[a-z_]+$/);
    assert.equal(name.endsWith("_total"), type === "counter", name);
    assert.ok(help.endsWith("."), name);
  }
});

const SCHEDULER = {
  ...{
    dispatches: 1,
    otherDispatches: 2,
    direct: 3,
    preemptions: 4,
    otherPreemptions: 5,
    overdue: 6,
    floor: 7,
  },
  ...{ throttles: 8, lostGroup: 9, lostWait: 10, longestWaitNs: 11e9, queued: 12, otherQueued: 13, ends: 14 },
};

Deno.test("MetricsPage shows the scheduler's figures where there is one", async () => {
  const { samples } = await page({ scheduler: SCHEDULER });
  const of = (name: string) =>
    samples.filter((one) => one.name === name).map(({ labels, value }) => [Object.values(labels)[0], value]);
  assert.deepEqual(of("alps_scheduler_dispatches_total"), [["functions", 1], ["others", 2]]);
  assert.deepEqual(of("alps_scheduler_longest_wait_seconds"), [[undefined, 11]]);
  assert.deepEqual(of("alps_scheduler_lost_total"), [["groups", 9], ["waits", 10]]);
  const { samples: none } = await page({});
  assert.ok(!none.some(({ name }) => name.startsWith("alps_scheduler_")));
});

Deno.test("MetricsPage shows each metric of the table under its type, with its labels and no others", async () => {
  const reasons = { x: 1 };
  const { samples, types } = await page({
    functions: [ofFunction("a")],
    eventsLost: reasons,
    enforcementErrors: reasons,
    guardTrips: reasons,
    longWaits: reasons,
    unidentified: reasons,
    latencies: { decision: { "0.5": 1 } },
    scheduler: SCHEDULER,
    cfs: { swaps: 1, pulls: 2, late: 3 },
  });
  assert.deepEqual([...types], METRICS.map(({ name, type }) => [name, type]));
  for (const { name, type, labels } of METRICS) {
    const own = samples.filter((one) =>
      type === "histogram" ? one.name === `${name}_sum` : one.name === name
    );
    assert.ok(own.length > 0, name);
    for (const one of own) assert.deepEqual(Object.keys(one.labels), labels, name);
  }
});

Deno.test("MetricsPage shows the agent's figures", async () => {
  const { samples } = await page({
    activeInvocations: 5,
    functionsKnown: 6,
    epoch: 7,
    cpuUtilization: 90,
    backend: "stock",
    eventsTotal: 1e15,
    eventsLost: { ring_full: 2, no_slot: 3 },
    decisionsTotal: 8,
    promotionsTotal: 9,
    demotionsTotal: 10,
    groupPromotionsTotal: 7,
    groupDemotionsTotal: 8,
    migrationsTotal: 11,
    sparedTotal: 12,
    enforcementErrors: { process_gone: 12 },
    unidentified: { no_name: 13 },
    learnEpochSeconds: 0.5,
    latencies: { event_to_action: { "0.5": 0.00004, "0.99": 0.0001 } },
  });
  const value = (name: string, labels: Record<string, string> = {}) =>
    samples.find((one) => one.name === name && JSON.stringify(one.labels) === JSON.stringify(labels))?.value;
  assert.equal(value("alps_active_invocations"), 5);
  assert.equal(value("alps_functions"), 6);
  assert.equal(value("alps_policy_epoch"), 7);
  assert.equal(value("alps_cpu_utilization_ratio"), 0.9);
  assert.equal(value("alps_backend_info", { backend: "stock" }), 1);
  assert.equal(value("alps_events_total"), 1e15);
  assert.equal(value("alps_events_lost_total", { reason: "ring_full" }), 2);
  assert.equal(value("alps_events_lost_total", { reason: "no_slot" }), 3);
  assert.equal(value("alps_decisions_total"), 8);
  assert.equal(value("alps_promotions_total"), 9);
  assert.equal(value("alps_demotions_total"), 10);
  assert.equal(value("alps_group_promotions_total"), 7);
  assert.equal(value("alps_group_demotions_total"), 8);
  assert.equal(value("alps_migrations_total"), 11);
  assert.equal(value("alps_spared_total"), 12);
  assert.equal(value("alps_enforcement_errors_total", { reason: "process_gone" }), 12);
  assert.equal(value("alps_unidentified_total", { reason: "no_name" }), 13);
  assert.equal(value("alps_learn_epoch_seconds"), 0.5);
  assert.equal(value("alps_reaction_seconds", { stage: "event_to_action", quantile: "0.99" }), 0.0001);
  assert.equal(value("alps_build_info", { version: "1.2.3", deno: Deno.version.deno }), 1);
  assert.ok((value("alps_agent_cpu_seconds_total") ?? 0) > 0);
  assert.ok((value("alps_agent_memory_bytes") ?? 0) > 1e6);
});

Deno.test("MetricsPage shows real histograms: cumulative buckets, the last equal to the count", async () => {
  const { samples } = await page({ functions: [ofFunction("a")] });
  const of = (name: string) =>
    samples.filter((one) => one.name === name).map(({ labels, value }) => [labels.le, value]);
  assert.deepEqual(of("alps_invocation_cpu_seconds_bucket"), [["0.001", 0], ["0.25", 1], ["1", 3], [
    "+Inf",
    3,
  ]]);
  assert.deepEqual(of("alps_invocation_cpu_seconds_sum"), [[undefined, 2]]);
  assert.deepEqual(of("alps_invocation_cpu_seconds_count"), [[undefined, 3]]);
  assert.deepEqual(of("alps_invocation_turnaround_seconds_bucket"), [
    ["0.001", 0],
    ["0.25", 0],
    ["1", 2],
    ["8", 3],
    ["+Inf", 3],
  ]);
  assert.deepEqual(of("alps_invocation_turnaround_seconds_sum"), [[undefined, 6]]);
});

Deno.test("MetricsPage escapes hostile names: each is one label of one sample", async () => {
  const names = ['"', "\\", 'a"} 1\nalps_fake_total{x="', "\\n", '\\"', "{}", "é漢🙂", "a,b=c", "# HELP x"];
  const { samples, types } = await page({
    functions: [...names, "\r", "\x1b[2J"].map((name) => ofFunction(name)),
    eventsLost: { 'a"\\\nb': 4 },
    backend: 'x"\n',
  });
  const shown = samples.filter(({ name }) => name === "alps_function_invocations_total").map(({ labels }) =>
    labels.function
  );
  const expected = [...names.map((name) => name.replace("\n", "\\u000a")), "\\u000d", "\\u001b[2J"];
  assert.deepEqual(shown.sort(), expected.sort());
  assert.equal(
    samples.find(({ name }) => name === "alps_events_lost_total")?.labels.reason,
    'a"\\\\u000ab',
  );
  assert.ok(!types.has("alps_fake_total") && !samples.some(({ name }) => name === "alps_fake_total"));
});

/** What the parser makes of a metric; it comes without types. */
interface Family {
  name: string;
  type: string;
  help: string;
  metrics: {
    value?: string;
    labels?: Record<string, string>;
    buckets?: Record<string, string>;
  }[];
}

Deno.test("MetricsPage is read by a Prometheus parser, names and figures as they are", async () => {
  const text = await new MetricsPage("1.2.3").render({
    ...emptyMetrics(),
    functions: [ofFunction("a/b ü"), ofFunction('q"uote'), ofFunction("back\\slash")],
    latencies: { decision: { "0.5": 0.25 } },
    eventsTotal: 12,
  });
  const families: Family[] = parsePrometheus(text);
  assert.deepEqual(families.map(({ name }) => name), METRICS.map(({ name }) => name));
  const family = (name: string) => families.find((one) => one.name === name)!;
  assert.deepEqual(family("alps_events_total"), {
    name: "alps_events_total",
    type: "COUNTER",
    help: "Events from the kernel.",
    metrics: [{ value: "12" }],
  });
  assert.deepEqual(
    family("alps_function_cpu_seconds_total").metrics.map(({ labels }) => labels?.function),
    ["a/b ü", 'q"uote', "back\\slash"],
  );
  const [histogram] = family("alps_invocation_cpu_seconds").metrics;
  assert.deepEqual(histogram?.buckets, { "0.001": "0", "0.25": "1", "1": "3", "+Inf": "3" });
});

Deno.test("MetricsPage has no two samples of one name and labels", async () => {
  const names = ["a", "a", "other", "_other", "a\0", "a\ufffd", "\ud800", "\ufffd", "x".repeat(1e6)];
  const many = Array.from({ length: 250 }, (_, i) => ofFunction(`f${i}`));
  const { samples } = await page({ functions: [...many, ...names.map((name) => ofFunction(name))] });
  const keys = samples.map(({ name, labels }) => JSON.stringify([name, labels]));
  assert.equal(new Set(keys).size, keys.length);
  const functions = samples.filter(({ name }) => name === "alps_function_cpu_seconds_total");
  assert.equal(functions.length, 201);
});

Deno.test("MetricsPage renders two scrapes at once without mixing them", async () => {
  const metrics = new MetricsPage("1");
  const pages = await Promise.all(
    [1, 2].map((epoch) => metrics.render({ ...emptyMetrics(), epoch, eventsTotal: epoch })),
  );
  for (const [i, text] of pages.entries()) {
    assert.match(text, new RegExp(`^alps_policy_epoch ${i + 1}$`, "m"));
    assert.match(text, new RegExp(`^alps_events_total ${i + 1}$`, "m"));
  }
});
