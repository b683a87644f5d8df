// Written by scripts/layout.ts from the BTF of observe.bpf.o, whose source is bpf/alps.h. Do not edit.
// Structs: size and offset of each field, in bytes. Enums: their values.

export const ALPS_SLOT = {
  size: 128,
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
  running: 72,
  runnable: 76,
  tasks: 80,
  preemptions: 84,
  cpu: 88,
  last_tid: 92,
  group_id: 96,
  group_kind: 104,
  reserved2: 108,
  reserved: 112,
} as const;

export const ALPS_EVENT = {
  size: 72,
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
} as const;

export const ALPS_KEY = {
  size: 296,
  inode: 0,
  cgroups: 8,
  device: 16,
  reserved: 20,
  comm: 24,
  path: 40,
} as const;

export const ALPS_VERDICT = {
  size: 16,
  rules_generation: 0,
  function_id: 4,
  flags: 8,
  reserved: 12,
} as const;

export const ALPS_CLASSIFY = {
  size: 880,
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
  key: 56,
  comm: 352,
  args: 368,
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
  size: 1064,
  invocations: 0,
  cpu_ns: 8,
  wait_ns: 16,
  turnaround_ns: 24,
  preemptions: 32,
  cpu_hist: 40,
  turnaround_hist: 552,
} as const;

export const ALPS_SHARED = {
  size: 56,
  rules_generation: 0,
  key_parts: 4,
  active: 8,
  runnable: 12,
  events: 16,
  lost_ring_full: 24,
  lost_no_slot: 32,
  lost_no_memory: 40,
  lost_no_stats: 48,
} as const;

export const ALPS_GROUP = {
  size: 16,
  id: 0,
  kind: 8,
  reserved: 12,
} as const;

export const ALPS_LIMITS = {
  ALPS_SLOTS: 16384,
  ALPS_SLOT_PROBES: 32,
  ALPS_RING_BYTES: 1048576,
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

export const ALPS_EVENT_KIND = {
  ALPS_EVENT_START: 1,
  ALPS_EVENT_END: 2,
  ALPS_EVENT_TASK_START: 3,
  ALPS_EVENT_TASK_END: 4,
  ALPS_EVENT_KICK: 5,
  ALPS_EVENT_CLASSIFY: 6,
} as const;

export const ALPS_KEY_PARTS = {
  ALPS_KEY_EXE: 1,
  ALPS_KEY_COMM: 2,
  ALPS_KEY_CGROUP: 4,
} as const;

export const ALPS_VERDICT_FLAGS = {
  ALPS_VERDICT_ASK: 1,
} as const;

export const ALPS_GROUP_KIND = {
  ALPS_GROUP_ROOT: 0,
  ALPS_GROUP_CGROUP: 1,
  ALPS_GROUP_AUTOGROUP: 2,
} as const;
