import assert from "node:assert/strict";
import { newCounters } from "../../enforce/enforcer.ts";
import { agentMetrics, type MetricsSources } from "../../core/metrics.ts";
import { ALPS_LIMITS } from "../../ffi/layout.ts";
import { bucketUpperNs, type FunctionStats } from "../../observe/function_stats.ts";
import { FunctionTable } from "../../observe/functions.ts";

function sources(changes: Partial<MetricsSources> = {}): MetricsSources {
  const counts = {
    active: 2,
    runnable: 1,
    slots: 3,
    events: 9,
    lostRingFull: 1,
    lostNoSlot: 2,
    lostNoMemory: 3,
    lostNoStats: 4,
    longWaits: 1,
    limitedWaits: 6,
    longestWaitNs: 2.5e9,
  };
  return {
    observer: { shared: { counters: () => counts }, statsOf: () => undefined },
    functions: new FunctionTable(() => {}),
    report: undefined,
    enforcement: { enabled: false, trips: { wait: 1, events_lost: 2, late: 0, memory: 0 } },
    backend: "stock",
    epoch: 5,
    cpuUtilization: 42,
    learnSeconds: 0.25,
    unidentified: { name_refused: 6 },
    ...changes,
  };
}

Deno.test("agentMetrics() shows zeros of what the event thread has not told yet", () => {
  const metrics = agentMetrics(sources());
  assert.deepEqual(
    [metrics.decisionsTotal, metrics.promotionsTotal, metrics.demotionsTotal, metrics.migrationsTotal],
    [0, 0, 0, 0],
  );
  assert.deepEqual([metrics.enforcementErrors, metrics.latencies, [...metrics.functions]], [{}, {}, []]);
  assert.deepEqual([metrics.backend, metrics.epoch, metrics.cpuUtilization], ["stock", 5, 42]);
});

Deno.test("agentMetrics() shows every reason for which something was lost", () => {
  const metrics = agentMetrics(sources());
  assert.deepEqual(metrics.eventsLost, { ring_full: 1, no_slot: 2, no_memory: 3, no_counters: 4 });
  assert.deepEqual(metrics.unidentified, { name_refused: 6 });
  assert.deepEqual([metrics.eventsTotal, metrics.activeInvocations], [9, 2]);
});

Deno.test("agentMetrics() shows the kernel's counters of each function, in seconds", () => {
  const functions = new FunctionTable(() => {});
  functions.named("a", "r1");
  functions.named("no counters", "r1");
  const histogram = () => new Uint32Array(ALPS_LIMITS.ALPS_HIST_BUCKETS);
  const stats: FunctionStats = {
    invocations: 3,
    cpuNs: 1_500_000_000,
    waitNs: 250_000_000,
    turnaroundNs: 2e9,
    preemptions: 7,
    dispatches: 8,
    cpuHistogram: histogram(),
    turnaroundHistogram: histogram(),
  };
  stats.cpuHistogram[4] = 3;
  stats.turnaroundHistogram[5] = 3;
  const statsOf = (id: number) => id === 1 ? stats : undefined;
  const { observer } = sources();
  const metrics = agentMetrics(sources({ functions, observer: { ...observer, statsOf } }));
  assert.equal(metrics.functionsKnown, 2);
  const [a, ...others] = [...metrics.functions];
  assert.equal([...metrics.functions].length, 1, "it can be gone through again");
  assert.deepEqual(others, []);
  assert.deepEqual(
    [a?.name, a?.invocations, a?.cpuSeconds, a?.waitSeconds, a?.preemptions],
    ["a", 3, 1.5, 0.25, 7],
  );
  assert.deepEqual([a?.cpu.sumS, a?.turnaround.sumS], [1.5, 2]);
  assert.deepEqual([a?.cpu.counts[4], a?.turnaround.counts[5]], [3, 3]);
  assert.equal(a?.cpu.upperBoundsS[4], bucketUpperNs(4) / 1e9);
});

Deno.test("agentMetrics() shows the event thread's figures, latencies in seconds", () => {
  const latency = { count: 2, p50Ns: 1e6, p90Ns: 2e6, p99Ns: 3e6, p999Ns: 4e6, maxNs: 5e6 };
  const counters = {
    ...newCounters(),
    ...{ decisions: 1, promotions: 2, demotions: 3, migrations: 4, spared: 5, errors: { process_gone: 5 } },
    ...{ groupPromotions: 6, groupDemotions: 7 },
  };
  const metrics = agentMetrics(sources({
    report: {
      backend: "stock",
      trouble: undefined,
      scheduler: undefined,
      active: 2,
      missedEnds: 0,
      counters,
      eventToAction: latency,
      promotionToRunning: latency,
      decision: latency,
      mostActive: 8,
    },
  }));
  const { groupPromotionsTotal, groupDemotionsTotal } = metrics;
  assert.deepEqual([groupPromotionsTotal, groupDemotionsTotal], [6, 7]);
  const { decisionsTotal, promotionsTotal, demotionsTotal, migrationsTotal } = metrics;
  assert.deepEqual([decisionsTotal, promotionsTotal, demotionsTotal, migrationsTotal], [1, 2, 3, 4]);
  assert.equal(metrics.sparedTotal, 5);
  assert.deepEqual(metrics.enforcementErrors, { process_gone: 5 });
  assert.equal(metrics.mostActiveInvocations, 8);
  assert.deepEqual(metrics.latencies?.["decision"], {
    "0.5": 0.001,
    "0.99": 0.003,
    "0.999": 0.004,
    "1": 0.005,
  });
});

Deno.test("agentMetrics() shows whether the order is enforced, the guard's trips, and the longest wait", () => {
  const metrics = agentMetrics(sources());
  assert.equal(metrics.enforcementEnabled, false);
  assert.deepEqual(metrics.guardTrips, { wait: 1, events_lost: 2, late: 0, memory: 0 });
  assert.equal(metrics.longestWaitSeconds, 2.5);
  assert.deepEqual(metrics.longWaits, { cpu_limit: 6, other: 1 });
});

Deno.test("agentMetrics() shows what the patched kernel has counted, where that orders", () => {
  const cfs = () => ({ version: 1, enabled: true, swaps: 3, pulls: 2, late: 1 });
  assert.equal(agentMetrics(sources({ cfs })).cfs, undefined);
  assert.deepEqual(agentMetrics(sources({ cfs, backend: "cfs" })).cfs, { swaps: 3, pulls: 2, late: 1 });
  assert.equal(agentMetrics(sources({ cfs: () => undefined, backend: "cfs" })).cfs, undefined);
});
