/** The one place that says which metrics there are: the page and `docs/metrics.md` are made from it. */
import {
  byReason,
  histogram,
  label,
  type MetricDefinition,
  ofFunction,
  single,
} from "./metric_definition.ts";
import { SCHEDULER_METRICS } from "./scheduler_metrics.ts";

/** All metrics, in the page's order. Counters count from the agent's start. */
export const METRICS: readonly MetricDefinition[] = [
  ofFunction("counter", "alps_function_invocations_total", "Finished invocations.", "invocations"),
  ofFunction("counter", "alps_function_cpu_seconds_total", "CPU time of invocations.", "cpuSeconds"),
  ofFunction(
    "counter",
    "alps_function_wait_seconds_total",
    "Time that invocations were runnable but not running.",
    "waitSeconds",
  ),
  ofFunction(
    "counter",
    "alps_function_preemptions_total",
    "How often an invocation lost the CPU while it could have gone on.",
    "preemptions",
  ),
  ofFunction(
    "counter",
    "alps_function_dispatches_total",
    "How often a task of the function was given a CPU; with the backend scx.",
    "dispatches",
  ),
  histogram("alps_invocation_cpu_seconds", "CPU time of one invocation.", "cpu"),
  histogram("alps_invocation_turnaround_seconds", "Start to end of one invocation.", "turnaround"),
  single(
    "gauge",
    "alps_active_invocations",
    "Invocations that run or wait now.",
    ({ snapshot }) => snapshot.activeInvocations,
  ),
  single(
    "gauge",
    "alps_most_active_invocations",
    "Most invocations that were active at once.",
    ({ snapshot }) => snapshot.mostActiveInvocations,
  ),
  single("gauge", "alps_functions", "Functions that are known.", ({ snapshot }) => snapshot.functionsKnown),
  single("gauge", "alps_policy_epoch", "Number of the policy in force.", ({ snapshot }) => snapshot.epoch),
  single(
    "gauge",
    "alps_cpu_utilization_ratio",
    "Mean utilisation of all CPUs over the last epoch, 0 to 1.",
    ({ snapshot }) => snapshot.cpuUtilization / 100,
  ),
  single(
    "gauge",
    "alps_learn_epoch_seconds",
    "How long making the last policy took.",
    ({ snapshot }) => snapshot.learnEpochSeconds,
  ),
  {
    name: "alps_backend_info",
    type: "gauge",
    help: "1 for the enforcement backend in force.",
    labels: ["backend"],
    take: ({ snapshot }) => [{ labels: { backend: label(snapshot.backend) }, value: 1 }],
  },
  single("counter", "alps_events_total", "Events from the kernel.", ({ snapshot }) => snapshot.eventsTotal),
  byReason(
    "alps_events_lost_total",
    "Events that the kernel could not hand over.",
    ({ eventsLost }) => eventsLost,
  ),
  single(
    "counter",
    "alps_decisions_total",
    "Decisions which invocations go first.",
    ({ snapshot }) => snapshot.decisionsTotal,
  ),
  single(
    "counter",
    "alps_promotions_total",
    "Invocations moved ahead.",
    ({ snapshot }) => snapshot.promotionsTotal,
  ),
  single(
    "counter",
    "alps_demotions_total",
    "Invocations moved back.",
    ({ snapshot }) => snapshot.demotionsTotal,
  ),
  single(
    "counter",
    "alps_migrations_total",
    "Invocations moved to another CPU.",
    ({ snapshot }) => snapshot.migrationsTotal,
  ),
  single(
    "counter",
    "alps_spared_total",
    "Times that an invocation was left or moved ahead because it waited for a lock in the kernel, and others would have waited behind it.",
    ({ snapshot }) => snapshot.sparedTotal,
  ),
  single(
    "counter",
    "alps_group_promotions_total",
    "Scheduling groups (cgroups, sessions) whose weight was given back.",
    ({ snapshot }) => snapshot.groupPromotionsTotal,
  ),
  single(
    "counter",
    "alps_group_demotions_total",
    "Scheduling groups (cgroups, sessions) that were given the smallest weight.",
    ({ snapshot }) => snapshot.groupDemotionsTotal,
  ),
  byReason(
    "alps_enforcement_errors_total",
    "Enforcement actions that failed.",
    ({ enforcementErrors }) => enforcementErrors,
  ),
  single(
    "gauge",
    "alps_enforcement_enabled",
    "1 while the order is enforced, 0 while a person or the guard has it off.",
    ({ snapshot }) => Number(snapshot.enforcementEnabled),
  ),
  byReason(
    "alps_guard_trips_total",
    "How often the guard has switched enforcement off.",
    ({ guardTrips }) => guardTrips,
  ),
  single(
    "gauge",
    "alps_longest_wait_seconds",
    "Longest wait of a function's task for a CPU since the agent's start.",
    ({ snapshot }) => snapshot.longestWaitSeconds,
  ),
  byReason(
    "alps_long_waits_total",
    "Waits of functions' tasks for a CPU that lasted longer than --max-wait: in a cgroup with a CPU limit, which may be why, and others.",
    ({ longWaits }) => longWaits,
  ),
  ...SCHEDULER_METRICS,
  byReason(
    "alps_unidentified_total",
    "Processes that could not be identified.",
    ({ unidentified }) => unidentified,
  ),
  {
    name: "alps_reaction_seconds",
    type: "gauge",
    help:
      "Quantiles of reaction times since the agent's start: from an event in the kernel to the changed attribute, " +
      "from promotion of a waiting invocation to its running, and of one decision.",
    labels: ["stage", "quantile"],
    take: ({ snapshot }) =>
      Object.entries(snapshot.latencies).flatMap(([stage, quantiles]) =>
        Object.entries(quantiles).map(([quantile, value]) => ({ labels: { stage, quantile }, value }))
      ),
  },
  single(
    "counter",
    "alps_agent_cpu_seconds_total",
    "CPU time of the agent itself.",
    ({ process }) => process.cpuSeconds,
  ),
  single(
    "gauge",
    "alps_agent_memory_bytes",
    "Resident memory of the agent itself.",
    ({ process }) => process.memoryBytes,
  ),
  {
    name: "alps_build_info",
    type: "gauge",
    help: "1; the labels say which build this is.",
    labels: ["version", "deno"],
    take: ({ version }) => [{ labels: { version: label(version), deno: Deno.version.deno }, value: 1 }],
  },
];
