/** What this process may do (capabilities(7)). */

/** Bits of capabilities (include/uapi/linux/capability.h). */
const BITS = {
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_SYS_NICE: 23,
  CAP_PERFMON: 38,
  CAP_BPF: 39,
};

/** A capability that is asked for here. */
export type Capability = keyof typeof BITS;

/**
 * A process's effective capabilities.
 *
 * @param status text of its /proc/PID/status (proc(5))
 * @returns whether it has one; undefined where the text does not tell
 */
export function effectiveCapabilities(status: string): ((name: Capability) => boolean) | undefined {
  const hex = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  if (hex === undefined) return undefined;
  const bits = BigInt(`0x${hex}`);
  return (name) => (bits >> BigInt(BITS[name]) & 1n) === 1n;
}
