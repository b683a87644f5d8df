/**
 * Everything of the agent that keeps something per function or per invocation, in a process of its own: the learning
 * thread, table, history, orders, ranks and the page of metrics. Prints what it came to as JSON.
 */
import { MetricsPage } from "../../api/metrics.ts";
import type { InvocationEntry } from "../../api/agent_view.ts";
import { HeapKeeper } from "../../core/heap_keeper.ts";
import { History, invocationEntry } from "../../core/history.ts";
import { agentMetrics } from "../../core/metrics.ts";
import { OrdersSender } from "../../core/orders.ts";
import { Pins, priorityEntries } from "../../core/pins.ts";
import { Ranking } from "../../enforce/ranking.ts";
import { ALPS_LIMITS } from "../../ffi/layout.ts";
import { LearningThread } from "../../learn/client.ts";
import type { Policy } from "../../learn/policy.ts";
import { FunctionTable } from "../../observe/functions.ts";
import type { Invocation } from "../../observe/invocation.ts";
import { zeroCounters } from "./counters.ts";

const FUNCTIONS = 10_000, INVOCATIONS = 100_000;

/** As many end in a second on a busy machine; the event thread hands over once a second. */
const BATCH = 1000;

const heap = new HeapKeeper();
const functions = new FunctionTable(() => {});
const history = new History(undefined, (error) => {
  throw error;
});
const page = new MetricsPage("test"), pins = new Pins(), orders = new OrdersSender(), ranking = new Ranking();
let policy: Policy | undefined;
let policies = 0;
let arrived = Promise.withResolvers<void>();
const learning = LearningThread.start({ ml: "avg", cores: 2 }, {
  policy(next) {
    policy = next;
    policies++;
    ranking.setOrders(orders.next(policy, pins.ranks(policy)));
    arrived.resolve();
    arrived = Promise.withResolvers();
  },
  failed(message) {
    throw new Error(message);
  },
});

/** Counters as the kernel keeps them. */
const stats = {
  invocations: 10,
  cpuNs: 1e8,
  waitNs: 1e7,
  turnaroundNs: 2e8,
  preemptions: 3,
  dispatches: 4,
  cpuHistogram: new Uint32Array(ALPS_LIMITS.ALPS_HIST_BUCKETS).fill(1),
  turnaroundHistogram: new Uint32Array(ALPS_LIMITS.ALPS_HIST_BUCKETS).fill(1),
};
const counters = zeroCounters();

/** One scrape, as the agent answers it. Returns the page's length. */
async function scrape(): Promise<number> {
  const snapshot = agentMetrics({
    observer: { statsOf: () => stats, shared: { counters: () => counters } },
    functions,
    report: undefined,
    backend: "stock",
    epoch: policies,
    cpuUtilization: 50,
    learnSeconds: 0,
    unidentified: {},
    enforcement: { enabled: true, trips: { wait: 0, events_lost: 0, late: 0, memory: 0 } },
  });
  const text = await page.render(snapshot);
  priorityEntries(policy, "2026-03-01T12:00:00.000000Z", pins, (id) => functions.byId(id));
  return text.length;
}

let pageLength = 0;
for (let done = 0; done < INVOCATIONS; done += BATCH) {
  const ended: Invocation[] = [];
  const entries: InvocationEntry[] = [];
  for (let i = done; i < done + BATCH; i++) {
    const info = functions.named(
      `tenant-${i % 100}/function-${i % FUNCTIONS}`,
      "r1",
      `/pods/${i % FUNCTIONS}`,
    );
    const startNs = i * 1e6, cpuNs = (1 + i % 50) * 1e6;
    const invocation = {
      functionId: info.id,
      pid: i,
      kind: "process",
      startNs,
      endNs: startNs + 2 * cpuNs,
      cpuNs,
      waitNs: 0,
      firstRunNs: startNs,
      preemptions: 0,
    } as const;
    ended.push(invocation);
    entries.push(invocationEntry(invocation, info.name, () => new Date(i).toISOString()));
    ranking.note(info.id, cpuNs);
    ranking.learn(info.id, cpuNs);
  }
  history.add(entries);
  heap.look();
  learning.add(ended, { nowNs: done * 1e6, cpuUtilization: 50, cpuPressure: 0 });
  if (done % (10 * BATCH) === 0) {
    const { promise } = arrived;
    learning.request({ nowNs: done * 1e6, cpuUtilization: 50, cpuPressure: 0 });
    await promise;
    pageLength = await scrape();
  }
}
const { promise } = arrived;
learning.request({ nowNs: INVOCATIONS * 1e6, cpuUtilization: 50, cpuPressure: 0 });
await promise;
pageLength = await scrape();
// The peak, as the kernel has seen it.
const peakMb = Number(/^VmHWM:\s*(\d+) kB$/m.exec(Deno.readTextFileSync("/proc/self/status"))?.[1]) / 1024;
console.log(JSON.stringify({
  peakMb,
  functions: functions.size,
  learned: policy?.functions.length ?? 0,
  kept: history.latest(Infinity).length,
  pageLength,
}));
await learning[Symbol.asyncDispose]();
