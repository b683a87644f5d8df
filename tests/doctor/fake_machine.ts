/** Machines that are none: files by path, and what the kernel would answer. */

import type { Machine } from "../../doctor/machine.ts";
import type { Probe } from "../../doctor/probe.ts";

/** Of a machine. */
export interface Fake {
  uid?: number;
  release?: string;
  /** By path; undefined: there is none. */
  files?: Record<string, string | Uint8Array<ArrayBuffer> | undefined>;
  env?: Record<string, string>;
  probe?: Partial<Probe> | "not allowed";
  /** Device and inode of the agent's lock; undefined: there is no such file. */
  lock?: { device: number; inode: number };
}

/** Everything that an agent needs, as a Debian 13 of version 2 would show it. */
const WHOLE: Record<string, string> = {
  "/sys/kernel/btf/vmlinux": "\0task_struct\0sched_setattr\0",
  "/proc/self/status": "Name:\tdeno\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\n",
  "/proc/self/mountinfo":
    "22 25 0:20 / /proc rw - proc proc rw\n32 25 0:28 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n",
  "/proc/cgroups":
    "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t0\t60\t1\ncpu\t0\t60\t1\ncpuacct\t0\t60\t1\n",
  "/sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
  "/sys/fs/cgroup/cgroup.subtree_control": "cpu memory pids\n",
  "/proc/sys/kernel/sched_autogroup_enabled": "0\n",
  "/boot/config-6.12.5+deb13-amd64": "CONFIG_BPF=y\n# CONFIG_SCHED_CLASS_EXT is not set\n",
  "/proc/locks": "1: POSIX  ADVISORY  WRITE 77 00:19:1042 0 EOF\n",
};

const ALL_WELL = {
  ringBuffer: true,
  taskStorage: true,
  programs: undefined,
  scheduler: undefined,
  hooks: undefined,
  realtime: undefined,
};

/** A machine that has everything but for what is given. */
export function fakeMachine(
  { uid = 0, release = "6.12.5+deb13-amd64", files, env = {}, probe, lock }: Fake = {},
): Machine {
  const all: NonNullable<Fake["files"]> = { ...WHOLE, ...files };
  return {
    uid: () => uid,
    kernelRelease: () => release,
    exists: (path) => all[path] !== undefined,
    read: (path) => {
      const content = all[path];
      return typeof content === "string" ? new TextEncoder().encode(content) : content;
    },
    env: (name) => env[name],
    inode: (path) => path === "/run/alps/agent.lock" ? lock : undefined,
    probe: () => probe === "not allowed" ? undefined : { ...ALL_WELL, ...probe },
  };
}
