/** Which times a trace may have: sums of them stay exact to the microsecond. */

/** Seconds up to the year 2096. */
export const SECONDS = { least: 0, most: 4e9, wanted: "seconds" } as const;

/** The greatest due time in milliseconds: an invocation may start as long before 0 as another ends after it. */
export const MOST_DUE_MS = 8e12;

/** Milliseconds of an invocation. */
export const MILLISECONDS = { least: 0, most: 4e12, wanted: "milliseconds" } as const;
