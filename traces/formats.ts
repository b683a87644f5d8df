/** The names of the formats, for the command line and for messages. */

/** Formats of traces. `exp-result` is the agent's own record of invocations. */
export const TRACE_FORMATS = ["alps", "azure-2019", "azure-2021", "huawei-2025", "exp-result"] as const;

export type TraceFormat = typeof TRACE_FORMATS[number];
