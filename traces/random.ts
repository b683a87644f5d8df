/**
 * Seeded random numbers, so that a trace can be made again from its seed.
 */

/** Returns the next number of a sequence, at least 0 and below 1. */
export type Random = () => number;

/**
 * A generator of evenly distributed numbers with 32 bits of state: a counter that steps by an odd constant (Weyl
 * sequence), hashed by multiplications and shifts, as "mulberry32" does. Good enough for traces, not for secrets; the
 * period is 2^32.
 *
 * @param seed any whole number; its low 32 bits count
 */
export function randomNumbers(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A normally distributed number with mean 0 and standard deviation 1 (Box and Muller). */
export function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Shuffles in place (Fisher and Yates) and returns the list. */
export function shuffle<T>(list: T[], random: Random): T[] {
  for (let last = list.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const kept = list[last]!;
    list[last] = list[other]!;
    list[other] = kept;
  }
  return list;
}
