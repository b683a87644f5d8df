// Written by scripts/layout.ts from the BTF of observe.bpf.o and scx.bpf.o, whose source is bpf/alps.h. Do not edit.
// Structs: size and offset of each field, in bytes. Enums: their values.

export const ALPS_SLOT = {
  size: 256,
  state: 0,
  generation: 4,
  function_id: 8,
  pid: 12,
  start_ns: 16,
  first_run_ns: 24,
  cpu_ns: 32,
  wait_ns: 40,
  running_since_ns: 48,
  last_on_ns: 56,
  last_kick_ns: 64,
  base_ns: 72,
  cpu_base_ns: 80,
  wait_base_ns: 88,
  idle_since_ns: 96,
  overlap_since_ns: 104,
  overlap_ns: 112,
  preemptions_base: 120,
  life: 124,
  flags: 128,
  gap_us: 132,
  idle_periods: 136,
  running: 140,
  runnable: 144,
  tasks: 148,
  preemptions: 152,
  cpu: 156,
  last_tid: 160,
  busy_tasks: 164,
  group_id: 168,
  group_kind: 176,
  told_ms: 180,
  reserved: 184,
  waiting: 192,
} as const;

export const ALPS_EVENT = {
  size: 104,
  kind: 0,
  slot: 4,
  generation: 8,
  function_id: 12,
  pid: 16,
  tid: 20,
  preemptions: 24,
  woke_reader: 28,
  time_ns: 32,
  start_ns: 40,
  first_run_ns: 48,
  cpu_ns: 56,
  wait_ns: 64,
  task_start_ticks: 72,
  end_ns: 80,
  sequence: 88,
  flags: 92,
  idle_periods: 96,
  reserved: 100,
} as const;

export const ALPS_KEY = {
  size: 296,
  inode: 0,
  cgroups: 8,
  device: 16,
  uid: 20,
  comm: 24,
  path: 40,
} as const;

export const ALPS_MODE = {
  size: 8,
  flags: 0,
  gap_us: 4,
} as const;

export const ALPS_VERDICT = {
  size: 16,
  rules_generation: 0,
  function_id: 4,
  flags: 8,
  reserved: 12,
} as const;

export const ALPS_CLASSIFY = {
  size: 896,
  kind: 0,
  pid: 4,
  parent_pid: 8,
  rules_generation: 12,
  current_function_id: 16,
  args_len: 20,
  time_ns: 24,
  process_start_ns: 32,
  begin_ns: 40,
  exec_base_ns: 48,
  arg_start: 56,
  cgroup_id: 64,
  key: 72,
  comm: 368,
  args: 384,
} as const;

export const ALPS_ADOPT = {
  size: 40,
  function_id: 0,
  root: 4,
  process_start_ns: 8,
  begin_ns: 16,
  exec_base_ns: 24,
  slot: 32,
  generation: 36,
} as const;

export const ALPS_FUNCTION_STATS = {
  size: 1080,
  invocations: 0,
  cpu_ns: 8,
  wait_ns: 16,
  turnaround_ns: 24,
  preemptions: 32,
  dispatches: 40,
  most_attained_ns: 48,
  cpu_hist: 56,
  turnaround_hist: 568,
} as const;

export const ALPS_SHARED = {
  size: 96,
  rules_generation: 0,
  key_parts: 4,
  cores: 8,
  last_attempt: 12,
  active: 16,
  runnable: 20,
  slots: 24,
  reserved: 28,
  events: 32,
  lost_ring_full: 40,
  lost_no_slot: 48,
  lost_no_memory: 56,
  lost_no_stats: 64,
  long_waits: 72,
  limited_waits: 80,
  longest_wait_ns: 88,
} as const;

export const ALPS_MEMBER = {
  size: 16,
  slot: 0,
  generation: 4,
  tid: 8,
  reserved: 12,
} as const;

export const ALPS_GROUP = {
  size: 16,
  id: 0,
  kind: 8,
  reserved: 12,
} as const;

export const ALPS_RANK = {
  size: 216,
  flags: 0,
  segments: 4,
  slice_ns: 8,
  pinned_ns: 16,
  table: 24,
} as const;

export const ALPS_RANK_SEGMENT = {
  size: 24,
  from_ns: 0,
  rank_ns: 8,
  slope: 16,
} as const;

export const ALPS_TELL = {
  size: 16,
  slot: 0,
  generation: 4,
  begins: 8,
  done: 12,
} as const;

export const ALPS_IDLE = {
  size: 512,
  hist: 0,
} as const;

export const ALPS_SCX = {
  size: 34056,
  dispatches: 0,
  other_dispatches: 8,
  direct: 16,
  preemptions: 24,
  other_preemptions: 32,
  overdue: 40,
  floor: 48,
  throttles: 56,
  lost_group: 64,
  lost_wait: 72,
  longest_wait_ns: 80,
  queued: 88,
  other_queued: 96,
  function_time_ns: 104,
  other_time_ns: 112,
  exit_kind: 120,
  exit_code: 128,
  exit_reason: 136,
  exit_message: 264,
  exit_dump: 1288,
} as const;

export const ALPS_LIMITS = {
  ALPS_SLOTS: 16384,
  ALPS_SLOT_PROBES: 32,
  ALPS_RING_BYTES: 4194304,
  ALPS_GAP_TIMERS: 64,
  ALPS_WAIT_BUCKETS: 16,
  ALPS_COMM_LEN: 16,
  ALPS_PATH_LEN: 256,
  ALPS_ARGS_LEN: 512,
  ALPS_HIST_BUCKETS: 128,
  ALPS_HIST_FIRST_LOG2: 10,
} as const;

export const ALPS_SLOT_STATE = {
  ALPS_SLOT_FREE: 0,
  ALPS_SLOT_BUSY: 1,
} as const;

export const ALPS_FLAGS = {
  ALPS_WARM: 1,
  ALPS_AUTO: 2,
  ALPS_PARTIAL: 4,
  ALPS_BETWEEN: 8,
  ALPS_TOLD: 32,
  ALPS_OVERLAP: 16,
} as const;

export const ALPS_EVENT_KIND = {
  ALPS_EVENT_START: 1,
  ALPS_EVENT_END: 2,
  ALPS_EVENT_TASK_START: 3,
  ALPS_EVENT_TASK_END: 4,
  ALPS_EVENT_KICK: 5,
  ALPS_EVENT_CLASSIFY: 6,
  ALPS_EVENT_IDLE: 7,
  ALPS_EVENT_LOCK: 8,
} as const;

export const ALPS_KEY_PARTS = {
  ALPS_KEY_EXE: 1,
  ALPS_KEY_COMM: 2,
  ALPS_KEY_CGROUP: 4,
  ALPS_KEY_USER: 8,
} as const;

export const ALPS_VERDICT_FLAGS = {
  ALPS_VERDICT_ASK: 1,
  ALPS_VERDICT_EXCLUDED: 2,
  ALPS_VERDICT_DISCOVERED: 4,
  ALPS_VERDICT_ENTERED: 8,
} as const;

export const ALPS_GROUP_KIND = {
  ALPS_GROUP_ROOT: 0,
  ALPS_GROUP_CGROUP: 1,
  ALPS_GROUP_AUTOGROUP: 2,
} as const;

export const ALPS_RANK_LIMITS = {
  ALPS_RANK_SEGMENTS: 8,
  ALPS_SLOPE_SHIFT: 12,
  ALPS_PRIOR: 0,
} as const;

export const ALPS_RANK_FLAGS = {
  ALPS_RANK_PINNED: 1,
} as const;

export const ALPS_SCX_LIMITS = {
  ALPS_EXIT_TEXT: 128,
  ALPS_EXIT_MESSAGE: 1024,
  ALPS_EXIT_DUMP: 32768,
} as const;
