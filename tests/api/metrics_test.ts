import assert from "node:assert/strict";
import type { FunctionMetrics, MetricsSnapshot } from "../../api/agent_view.ts";
import { METRICS, MetricsPage } from "../../api/metrics.ts";
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

Deno.test("MetricsPage shows each metric of the table under its type, with its labels and no others", async () => {
  const reasons = { x: 1 };
  const { samples, types } = await page({
    functions: [ofFunction("a")],
    eventsLost: reasons,
    enforcementErrors: reasons,
    guardTrips: reasons,
    unidentified: reasons,
    latencies: { decision: { "0.5": 1 } },
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
    migrationsTotal: 11,
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
  assert.equal(value("alps_migrations_total"), 11);
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

Deno.test("MetricsPage escapes hostile names, so that they come back as they were", async () => {
  const names = [
    '"',
    "\\",
    "\n",
    'a"} 1\nalps_fake_total{x="',
    "\\n",
    '\\"',
    "{}",
    "é漢🙂",
    "a,b=c",
    "\r",
    "# HELP x",
  ];
  const { samples, types } = await page({
    functions: names.map((name) => ofFunction(name)),
    eventsLost: { 'a"\\\nb': 4 },
    backend: 'x"\n',
  });
  const shown = samples.filter(({ name }) => name === "alps_function_invocations_total").map(({ labels }) =>
    labels.function
  );
  assert.deepEqual(shown.sort(), names.sort());
  assert.equal(samples.find(({ name }) => name === "alps_events_lost_total")?.labels.reason, 'a"\\\nb');
  assert.ok(!types.has("alps_fake_total") && !samples.some(({ name }) => name === "alps_fake_total"));
});

Deno.test("MetricsPage has no two samples of one name and labels", async () => {
  const names = ["a", "a", "other", "_other", "a\0", "a\ufffd", "\ud800", "\ufffd"];
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

Deno.test("docs/http.md has every metric with its type and what it says, and no other", async () => {
  const text = await Deno.readTextFile(new URL("../../docs/http.md", import.meta.url));
  const rows = [...text.matchAll(/^\| `(alps_[a-z_]+)(?:\{([a-z,]+)\})?` \| (\w+) \| (.+) \|$/gm)];
  assert.deepEqual(
    rows.map(([, name, labels, type, help]) => ({ name, labels: labels?.split(",") ?? [], type, help })),
    METRICS.map(({ name, labels, type, help }) => ({ name, labels, type, help })),
  );
});
