/**
 * What the HTTP interface needs from the agent. The API is written against this interface alone, so that it is tested in
 * memory, without a kernel.
 */

/** One row of `GET /priority`. */
export interface PriorityEntry {
  name: string;
  id: string;
  priority: number;
  slice_us: number;
  source: "learned" | "pinned";
  predicted_cpu_us: number;
  invocations: number;
  /** RFC 3339. */
  updated_at: string;
}

/** `GET /priority`. */
export interface PrioritySnapshot {
  epoch: number;
  backend: string;
  ml: string;
  slice_enforced: boolean;
  /** Percent, 0 to 100. */
  cpu_utilization: number;
  /** By priority. */
  functions: PriorityEntry[];
}

/** Body of `PUT /priority/NAME`; what is left out keeps its learned value, without `ttl_s` the pin holds until deleted. */
export interface Pin {
  priority?: number | undefined;
  slice_us?: number | undefined;
  ttl_s?: number | undefined;
}

export type Mode = "process" | "warm" | "auto";

/** A rule in force, as shown by `GET /functions`. */
export interface RuleEntry {
  id: string;
  name?: string;
  /** `KIND:PATTERN`. */
  rule: string;
  mode: Mode;
  gap_ms?: number;
  from: "command line" | "configuration" | "http" | "discovery";
}

/** A function that at least one process has matched. */
export interface FunctionEntry {
  name: string;
  id: string;
  /** The FaaS platform it was discovered on; `"rule"` where a rule named it. */
  platform: string;
  /** `discovery` where no rule named it. */
  rule_id: string;
  /** What told its name: a rule, a label, a path. */
  found_by: string;
  /** How its invocations are told apart now: in mode auto, as was seen. */
  mode: "process" | "warm";
  /** Mode warm: an idle period longer than this ends an invocation, as the rule says or as was learned. */
  gap_ms?: number;
  /** Instances (processes or containers) alive now. */
  instances: number;
  /** Warm invocations of which several tasks wanted a CPU at once: requests that overlap look like one. */
  overlapped: number;
  cgroups: string[];
}

/** `GET /functions`. */
export interface FunctionsSnapshot {
  rules: RuleEntry[];
  functions: FunctionEntry[];
  /** Containers and processes that look like a function's and are none's that is known, each with what to do about it. */
  unknown: { cgroup: string; pid: number; hint: string }[];
  /** Where functions are looked for. */
  platforms: { name: string; state: "working" | "failing" | "absent"; detail: string }[];
}

/** Body of `POST /functions`. */
export interface NewRule {
  name?: string | undefined;
  /** `KIND:PATTERN`. */
  rule: string;
  mode?: Mode | undefined;
  gap_ms?: number | undefined;
}

/** One row of `GET /invocations`, and one line of `--exp_result`. */
export interface InvocationEntry {
  function: string;
  function_id: string;
  pid: number;
  kind: "process" | "warm";
  /** RFC 3339 with microseconds. */
  start: string;
  end: string;
  cpu_us: number;
  wait_us: number;
  turnaround_us: number;
  /** First run to end. */
  execution_us: number;
  preemptions: number;
}

/** Body of `POST /invocations`; the instance by its container's id, or by any process of it. */
export interface Boundary {
  event: "start" | "end";
  container?: string | undefined;
  pid?: number | undefined;
}

/** An instance that was told of. */
export interface InstanceEntry {
  function: string;
  function_id: string;
  /** Its first process. */
  pid: number;
}

/** A log-scaled histogram: `counts[i]` values were at most `upperBoundsS[i]` seconds and more than the bound before. */
export interface HistogramSnapshot {
  upperBoundsS: readonly number[];
  counts: ArrayLike<number>;
  sumS: number;
}

/** Per-function figures for `/metrics`, read from the eBPF maps. */
export interface FunctionMetrics {
  name: string;
  invocations: number;
  cpuSeconds: number;
  waitSeconds: number;
  preemptions: number;
  /** 0 where the backend is not the scheduler in the kernel. */
  dispatches: number;
  /** Of CPU time and of turnaround. */
  cpu: HistogramSnapshot;
  turnaround: HistogramSnapshot;
}

/** Figures of the scheduler in the kernel, since it was loaded. */
export interface SchedulerMetrics {
  /** Tasks that were given a CPU: functions', and all others. */
  dispatches: number;
  otherDispatches: number;
  /** Of both, straight to an idle CPU. */
  direct: number;
  /** For the sake of a better function's task, and of one that is no function's. */
  preemptions: number;
  otherPreemptions: number;
  /** Waits that reached the bound. */
  overdue: number;
  /** Turns of the function's task that had waited longest. */
  floor: number;
  /** Tasks set aside because of a CPU limit. */
  throttles: number;
  lostGroup: number;
  lostWait: number;
  longestWaitNs: number;
  /** Waiting now, about. */
  queued: number;
  otherQueued: number;
  /** How often it was ended against our will, or could not be put in force. */
  ends: number;
}

/** What the patched kernel has counted (`/proc/sched_alps`) since the machine's start. */
export interface CfsMetrics {
  /** Times that a better function ran in another's place. */
  swaps: number;
  /** Tasks fetched from another CPU because of their rank. */
  pulls: number;
  /** Times that a task went first because of its wait. */
  late: number;
}

/** What an agent does. */
export type PartName = "observing" | "learning" | "enforcing";

/** Whether a part of the agent works. */
export interface PartState {
  /** `off`: it was told not to. */
  state: "working" | "starting" | "stopping" | "off" | "not working";
  /** Why it does not; several reasons stand beside each other. */
  reason?: string;
}

export type Parts = Record<PartName, PartState>;

/** Everything that `/metrics` shows. Counters count from the agent's start. */
export interface MetricsSnapshot {
  /**
   * Made anew each time it is gone through, and each valid until the next one is taken: figures of ten thousand
   * functions at once would take much memory. Names differ.
   */
  functions: Iterable<FunctionMetrics>;
  activeInvocations: number;
  /** Most at once since the start. */
  mostActiveInvocations: number;
  functionsKnown: number;
  epoch: number;
  cpuUtilization: number;
  /** 1 for the backend in force. */
  backend: string;
  eventsTotal: number;
  /** Events that the kernel could not hand over, by reason (for example `ring_full`, `no_slot`). */
  eventsLost: Record<string, number>;
  decisionsTotal: number;
  promotionsTotal: number;
  demotionsTotal: number;
  /** Of whole scheduling groups. */
  groupPromotionsTotal: number;
  groupDemotionsTotal: number;
  migrationsTotal: number;
  /** Invocations left ahead because they waited for a lock in the kernel. */
  sparedTotal: number;
  /** Enforcement actions that failed, by reason (for example `process_gone`). */
  enforcementErrors: Record<string, number>;
  /** Processes that could not be identified, by reason. */
  unidentified: Record<string, number>;
  learnEpochSeconds: number;
  /** Whether the order is enforced now. */
  enforcementEnabled: boolean;
  /** How often the guard has switched enforcement off, by reason. */
  guardTrips: Record<string, number>;
  /** Of the scheduler in the kernel; undefined where the backend is another. */
  scheduler?: SchedulerMetrics | undefined;
  /** Of the patched kernel; undefined where the backend is another. */
  cfs?: CfsMetrics | undefined;
  /** Longest wait of a function's task for a CPU since the start, in seconds. */
  longestWaitSeconds: number;
  /** Waits that were longer than is allowed, by reason: `cpu_limit` in cgroups with a CPU limit, which may be it; `other`. */
  longWaits: Record<string, number>;
  /** Quantiles of the agent's own reaction times, in seconds, by stage: `{"event_to_action": {"0.99": 0.0001}}`. */
  latencies: Record<string, Record<string, number>>;
}

/** `GET /enforcement`. */
export interface EnforcementSnapshot {
  /** Whether the order is enforced now. */
  enabled: boolean;
  /** Who has it so: `start` from the start on, `person` a switch, `guard` the agent itself, for a while. */
  by: "start" | "person" | "guard";
  /** RFC 3339. */
  since: string;
  /** Why it is off. */
  reason?: string;
  /** Of the guard: when it tries again; RFC 3339. */
  tries_again?: string;
}

/** Raised by the view for a request that cannot be carried out; the message is shown to the client as `detail`. */
export class RequestError extends Error {
  constructor(readonly status: 400 | 404 | 409 | 503, message: string, readonly field?: string) {
    super(message);
    this.name = "RequestError";
  }
}

/** Milliseconds of turnaround. */
export interface WhatIfTurnaround {
  mean_ms: number;
  p99_ms: number;
}

/** Turnaround as it was, and as it would have been. */
export interface WhatIfEntry {
  invocations: number;
  /** Mean CPU time. */
  cpu_ms: number;
  measured: WhatIfTurnaround;
  /** Under processor sharing, the ideal of the kernel's default, without costs. */
  fair: WhatIfTurnaround;
  /** Under the policy in force. */
  policy: WhatIfTurnaround;
  /** Under SRPT, told all CPU times: the bound. */
  oracle: WhatIfTurnaround;
}

/** `GET /whatif`. */
export interface WhatIfSnapshot {
  minutes: number;
  /** When the first of the invocations began, and when was asked; RFC 3339. */
  since: string;
  until: string;
  cores: number;
  /** CPU time of functions over cores × span. */
  load: number;
  backend: string;
  ml: string;
  epoch: number;
  /** Of the way from the fair ideal to the oracle; null where there is none. */
  gap_closed: { measured: number | null; policy: number | null };
  all: WhatIfEntry;
  /** Those with most CPU time first. */
  functions: (WhatIfEntry & { name: string })[];
}

/** The agent, as its HTTP interface sees it. Methods are synchronous where all they need is in memory. */
export interface AgentView {
  readonly version: string;
  priorities(): PrioritySnapshot;
  /** One function's entry, or undefined where there is none. */
  priority(name: string): PriorityEntry | undefined;
  /** Pins; throws {@link RequestError} 404 where no such function is known. */
  pin(name: string, pin: Pin): PriorityEntry;
  /** Back to the learned one; false where no such function or no pin exists. */
  unpin(name: string): boolean;
  functions(): FunctionsSnapshot;
  /** Throws {@link RequestError} 400 with `field` where the rule is malformed, 409 where it exists already. */
  addRule(rule: NewRule): RuleEntry;
  /** By id or name; false where there is none. Throws {@link RequestError} 409 for one that came from elsewhere. */
  removeRule(idOrName: string): boolean;
  /** Newest first. */
  invocations(limit: number, functionName?: string): InvocationEntry[];
  /**
   * Begins or ends an invocation in a warm instance. Throws {@link RequestError} 404 where there is no such instance, 409 where
   * it is none whose invocations can be told apart so.
   */
  tell(boundary: Boundary): InstanceEntry;
  /** Throws {@link RequestError} 503 where it takes too long. */
  whatIf(minutes: number): Promise<WhatIfSnapshot>;
  enforcement(): EnforcementSnapshot;
  /** Resolves once it is done. Throws {@link RequestError} 409 where there is nothing to switch. */
  setEnforcement(enabled: boolean): Promise<EnforcementSnapshot>;
  /** `ready` with the reasons why not. */
  readiness(): { ready: boolean; reasons: string[] };
  /** Each part, for `/readyz`. */
  parts(): Parts;
  metrics(): MetricsSnapshot;
}
