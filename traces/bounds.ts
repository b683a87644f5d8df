/** Which times a trace may have: sums of them stay exact to the microsecond. */

/** Seconds up to the year 2096. */
export const SECONDS = { least: 0, most: 4e9, wanted: "seconds" } as const;

/** Milliseconds of an invocation. */
export const MILLISECONDS = { least: 0, most: 4e12, wanted: "milliseconds" } as const;
