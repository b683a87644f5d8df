/** What a machine supports, which backend `--backend auto` takes there, and what would make it better. Pure. */

import { BUILD } from "../cli/options.ts";
import { checkCgroup } from "./cgroup_layout.ts";
import type { Check } from "./check.ts";
import { checkBtf, checkCapabilities, checkKernel, checkProbe, checkRoot } from "./kernel_checks.ts";
import { checkLock } from "./lock_check.ts";
import type { Machine } from "./machine.ts";
import { checkPlatforms } from "./platform_check.ts";
import { checkAutogroup, checkPatch, checkSchedExt } from "./scheduler_checks.ts";

/** Backends that order, in the order in which `auto` tries them. */
export const BACKENDS = ["scx", "cfs", "stock"] as const;

/** Whether a backend can be used here. */
export interface BackendVerdict {
  readonly name: typeof BACKENDS[number];
  readonly usable: boolean;
  /** On one line: what makes it usable, or all that is in the way. */
  readonly reason: string;
}

/** All that the doctor says. */
export interface Examination {
  readonly checks: readonly Check[];
  readonly backends: readonly BackendVerdict[];
  /** What `--backend auto` takes; undefined where no backend can be used. */
  readonly auto: BackendVerdict | undefined;
  /** What to change, one line each: first what is missing, then what would make it better. */
  readonly advice: readonly string[];
}

/** Examines a machine. */
export function examine(machine: Machine, built: readonly string[] = BUILD.backends): Examination {
  const probe = machine.probe();
  const checks = [
    checkKernel(machine),
    checkRoot(machine),
    checkCapabilities(machine),
    checkBtf(machine),
    ...checkProbe(probe),
    checkCgroup(machine),
    checkAutogroup(machine),
    checkSchedExt(machine, probe),
    checkPatch(machine, probe),
    checkLock(machine),
    checkPlatforms(machine),
  ];
  const backends = BACKENDS.map((name) => verdict(name, checks, built));
  const auto = backends.find(({ usable }) => usable);
  return { checks, backends, auto, advice: adviceFrom(checks) };
}

/** What a backend needs besides what every one needs. */
const OWN_NEEDS = { scx: "sched_ext", cfs: "patched_kernel", stock: undefined } as const;

function verdict(
  name: BackendVerdict["name"],
  checks: readonly Check[],
  built: readonly string[],
): BackendVerdict {
  const inTheWay = checks
    .filter(({ id, status }) => status === "missing" || (id === OWN_NEEDS[name] && status !== "ok"))
    .map(({ found }) => found);
  if (!built.includes(name)) inTheWay.push("not in this build of alps-agent");
  return inTheWay.length > 0
    ? { name, usable: false, reason: inTheWay.join("; ") }
    : { name, usable: true, reason: WORKS[name] };
}

const WORKS = {
  scx: "a sched_ext scheduler orders functions in the kernel",
  cfs: "the patched kernel orders functions by itself",
  stock: "scheduling attributes of processes and cgroups are set as invocations come and go",
};

function adviceFrom(checks: readonly Check[]): string[] {
  const order = ["missing", "limited", "unknown", "absent"];
  const advice = checks
    .filter(({ remedy }) => remedy !== undefined)
    .sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status))
    .map(({ id, remedy }) => `${id}: ${remedy}`);
  return [...new Set(advice)];
}
