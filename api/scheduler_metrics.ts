/** Metrics of the scheduler in the kernel: there are values where that is the backend. */
import type { CfsMetrics, SchedulerMetrics } from "./agent_view.ts";
import type { MetricDefinition } from "./metric_definition.ts";

/** A metric that tells functions' tasks from all others. */
function ofBoth(
  type: "counter" | "gauge",
  name: string,
  help: string,
  functions: keyof SchedulerMetrics,
  others: keyof SchedulerMetrics,
): MetricDefinition {
  return labelled(type, name, `${help} Of functions' tasks, and of all others.`, "of", { functions, others });
}

function alone(
  type: "counter" | "gauge",
  name: string,
  help: string,
  key: keyof SchedulerMetrics,
): MetricDefinition {
  const take: MetricDefinition["take"] = ({ snapshot: { scheduler } }) =>
    scheduler ? [{ labels: {}, value: scheduler[key] }] : [];
  return { name, type, help, labels: [], take };
}

function labelled(
  type: "counter" | "gauge",
  name: string,
  help: string,
  label: string,
  keys: Record<string, keyof SchedulerMetrics>,
): MetricDefinition {
  const take: MetricDefinition["take"] = ({ snapshot: { scheduler } }) =>
    scheduler
      ? Object.entries(keys).map(([value, key]) => ({ labels: { [label]: value }, value: scheduler[key] }))
      : [];
  return { name, type, help, labels: [label], take };
}

/** What the patched kernel counts. */
function ofCfs(name: string, help: string, key: keyof CfsMetrics): MetricDefinition {
  const take: MetricDefinition["take"] = ({ snapshot: { cfs } }) =>
    cfs ? [{ labels: {}, value: cfs[key] }] : [];
  return { name, type: "counter", help: `${help}, since the machine's start.`, labels: [], take };
}

/** In the page's order. */
export const SCHEDULER_METRICS: readonly MetricDefinition[] = [
  ofBoth(
    "counter",
    "alps_scheduler_dispatches_total",
    "Times that a task was given a CPU.",
    "dispatches",
    "otherDispatches",
  ),
  alone(
    "counter",
    "alps_scheduler_direct_total",
    "Times that a waking task was put on an idle CPU at once.",
    "direct",
  ),
  labelled(
    "counter",
    "alps_scheduler_preemptions_total",
    "Times that a running task had to give way, by whose task it was for.",
    "for",
    { functions: "preemptions", others: "otherPreemptions" },
  ),
  ofBoth("gauge", "alps_scheduler_queued", "Tasks that wait for a CPU now, about.", "queued", "otherQueued"),
  {
    name: "alps_scheduler_longest_wait_seconds",
    type: "gauge",
    help: "Longest wait of a function's task in the scheduler's queues.",
    labels: [],
    take: ({ snapshot: { scheduler } }) =>
      scheduler ? [{ labels: {}, value: scheduler.longestWaitNs / 1e9 }] : [],
  },
  alone(
    "counter",
    "alps_scheduler_overdue_total",
    "Waits that reached the bound: the task went first.",
    "overdue",
  ),
  alone(
    "counter",
    "alps_scheduler_floor_total",
    "Turns that were given to the function's task that had waited longest.",
    "floor",
  ),
  alone(
    "counter",
    "alps_scheduler_throttles_total",
    "Times that a task was set aside because its cgroup had used up its CPU limit.",
    "throttles",
  ),
  labelled(
    "counter",
    "alps_scheduler_lost_total",
    "What there was no room for: cgroups, which then count as those around them, and waits, which are then looked for one by one.",
    "what",
    { groups: "lostGroup", waits: "lostWait" },
  ),
  alone(
    "counter",
    "alps_scheduler_ends_total",
    "Times that the kernel ended the scheduler, or did not take it.",
    "ends",
  ),
  ofCfs(
    "alps_cfs_swaps_total",
    "Times that the patched kernel ran a better function in another's place",
    "swaps",
  ),
  ofCfs("alps_cfs_pulls_total", "Functions' tasks that the patched kernel fetched from another CPU", "pulls"),
  ofCfs(
    "alps_cfs_late_total",
    "Times that the patched kernel ran a function's task because of its wait",
    "late",
  ),
];
