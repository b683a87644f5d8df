/** Who holds the lock of the one enforcing agent. */

import { LOCK_PATH } from "../core/lock.ts";
import type { Check } from "./check.ts";
import { type Machine, readText } from "./machine.ts";

/**
 * The pid that holds a file's lock (flock(2)), read from /proc/locks (proc(5)): trying to take the lock could make an
 * agent fail that starts at this moment. Undefined where nobody holds it.
 */
export function lockHolder(machine: Machine, path: string): number | undefined {
  const file = machine.inode(path);
  if (file === undefined) return undefined;
  // 3: FLOCK  ADVISORY  WRITE 1234 00:19:1042 0 EOF; the device in hexadecimal: major, minor. Waiters begin with "->".
  const lines = (readText(machine, "/proc/locks") ?? "").split("\n");
  for (const line of lines) {
    const [, pid, major, minor, inode] =
      /^\d+: FLOCK\s+\S+\s+\S+\s+(-?\d+) ([0-9a-f]+):([0-9a-f]+):(\d+)\s/.exec(line) ?? [];
    if (pid === undefined || Number(inode) !== file.inode) continue;
    if (sameDevice(file.device, parseInt(major!, 16), parseInt(minor!, 16))) return Number(pid);
  }
  return undefined;
}

export function checkLock(machine: Machine): Check {
  const id = "lock";
  const holder = lockHolder(machine, LOCK_PATH);
  if (holder === undefined) return { id, status: "ok", found: `free (${LOCK_PATH})` };
  // A holder in another pid namespace has no number here.
  const who = holder > 0 ? `pid ${holder}` : "a process outside of this pid namespace";
  return {
    id,
    status: "limited",
    found: `held by ${who} (${LOCK_PATH}): an agent enforces already`,
    remedy: "stop that agent before another one enforces; --backend none may run beside it",
  };
}

/** Whether a device number of stat(2) has this major and minor number (makedev(3)). */
function sameDevice(device: number, major: number, minor: number): boolean {
  const number = BigInt(device);
  const deviceMajor = (number >> 8n & 0xfffn) | (number >> 32n & ~0xfffn);
  const deviceMinor = (number & 0xffn) | (number >> 12n & 0xffffff00n);
  return Number(deviceMajor) === major && Number(deviceMinor) === minor;
}
