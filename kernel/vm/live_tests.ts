// SPDX-License-Identifier: GPL-2.0-only
/** Which of the tests in tests/live run in a virtual machine. A test of ours sees to it that each file is in one list. */

/** Files that run there, the quickest to fail first. */
export const IN_THE_MACHINE: readonly string[] = [
  "ffi_test.ts",
  "observe_test.ts",
  "classify_test.ts",
  "stock_test.ts",
  "identity_cgroup_test.ts",
  "doctor_test.ts",
  "portable_test.ts",
  "service_test.ts",
  "leaks_test.ts",
  "agent_test.ts",
  "ring_test.ts",
  "contention_test.ts",
  "lock_test.ts",
  "warm_adoption_test.ts",
  "warm_test.ts",
  "boundary_test.ts",
  "discovery_layout_test.ts",
  "cgroup_test.ts",
  "cpuset_test.ts",
  "clock_test.ts",
];

/** Files that need what Debian's kernels have and ours have not: they run in machines with those, after the others. */
export const WITH_DEBIANS_KERNEL: readonly string[] = [
  "suspend_test.ts",
];

/** Files that need a kernel with sched_ext, which Debian's are not: they run in machines with ours, after the others. */
export const WITH_SCHED_EXT: readonly string[] = [
  "scx_test.ts",
  "scx_life_test.ts",
  "scx_share_test.ts",
  "scx_stress_test.ts",
];

/** Files that need our patch of CFS: they run in machines with that, after the others. */
export const WITH_PATCHED_CFS: readonly string[] = [
  "cfs_test.ts",
  "cfs_life_test.ts",
  "cfs_cycles_test.ts",
  "cfs_trouble_test.ts",
];

/** Files that do not, with the reason. */
export const LEFT_OUT: Readonly<Record<string, string>> = {
  "container_load_test.ts": "needs containerd and Docker, which are not in there",
  "containerd_test.ts": "needs containerd and runc, which are not in there",
  "discovery_scale_test.ts": "a minute in real time, for which an emulated machine is too slow",
  "docker_test.ts": "needs Docker, which is not in there",
  "agent_start_test.ts":
    "starts of the agent that fail before it asks the kernel for anything; three minutes there",
  "crowd_agent_test.ts": "thousands of processes, and times of the guard's, in real time",
  "crowd_test.ts": "thousands of processes: minutes there, and the kernel's part in it does not differ",
  "disk_full_test.ts": "files that user space writes and reads",
  "exclusion_test.ts": "rules of user space; what the kernel side does for them is in classify_test.ts",
  "forget_test.ts": "what user space forgets, which no kernel takes part in",
  "hostile_names_test.ts": "what user space shows of names, however they came",
  "journal_test.ts": "files that user space writes and reads",
  "kill_test.ts": "a hundred starts of an agent: half an hour there",
  "learned_test.ts": "files that user space writes and reads",
  "machine_trouble_test.ts": "switches CPUs off and holds all of them up, in real time",
  "openlambda_test.ts": "what user space reads of sandboxes, which no kernel takes part in",
  "overflow_test.ts":
    "a load in real time, which an emulated machine cannot carry; ring_test.ts fills the ring there",
  "restore_machine_test.ts": "files that user space writes and reads",
  "restore_test.ts": "starts of agents under load, in real time",
  "starvation_test.ts": "bounds of waits in real time, which an emulated machine cannot keep",
  "switch_test.ts": "a thousand processes in real time",
  "warm_agent_test.ts": "requests in real time",
  "warm_order_test.ts": "shares of CPU time in real time",
  "machine_end_test.ts": "boots virtual machines itself",
  "bench_test.ts": "sends a load in real time, which an emulated machine cannot carry",
  "policy_thread_test.ts":
    "other policies than ours, for benchmarks; classes that every kernel has had for long",
  "realtime_test.ts": "Debian's kernels have no CONFIG_RT_GROUP_SCHED",
  "demo_test.ts": "sends a load in real time, which an emulated machine cannot carry",
};
