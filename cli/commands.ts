/** The options of the commands besides `run`. */
import { TRACE_FORMATS, type TraceFormat } from "../traces/formats.ts";
import { optional, type OptionTable, required, type Values, withDefault } from "./table.ts";
import { type Address, address, flag, number, oneOf, path, url } from "./values.ts";

/** Shapes of the traces that `trace make` makes. */
export const MIXES = ["azure", "huawei", "alike", "lognormal"] as const;

export const HOST_TABLE = {
  "listen": withDefault(address(), "127.0.0.1:5002", "address that answers POST /run/<function>"),
  "commands": optional(path("FILE"), "FILE says which command serves which function"),
  "warm": withDefault(flag(), "false", "serve each function by processes that stay up"),
  "cgroups": withDefault(flag(), "false", "each function in a cgroup of its own"),
  "sessions": withDefault(flag(), "false", "each invocation in a session of its own"),
} as const satisfies OptionTable;

export const REPLAY_TABLE = {
  "trace": required(path("FILE"), "the trace to send"),
  "target": required(url(), "the host to send it to"),
  "speed": withDefault(number({ least: 0, above: true, most: 1000 }), "1", "2 sends it twice as fast"),
  "limit": optional(number({ least: 1, integer: true }), "send the first N invocations"),
  "exp-result": optional(path("FILE"), "the agent's record of invocations (its --exp_result), to join"),
  "json": withDefault(flag(), "false", "print one JSON document"),
} as const satisfies OptionTable;

export const TRACE_MAKE_TABLE = {
  "mix": withDefault(oneOf(MIXES), "azure", "which functions, in which shares"),
  "load": withDefault(number({ least: 0, above: true, most: 10 }), "0.9", "CPU time over cores × span"),
  "cores": withDefault(number({ least: 1, most: 4096, integer: true }), "2", "cores that the load is for"),
  "seconds": withDefault(number({ least: 1, most: 86_400 }), "60", "span of the trace"),
  "seed": withDefault(
    number({ least: 0, most: 2 ** 32 - 1, integer: true }),
    "1",
    "the same options make the same trace",
  ),
  "measure": withDefault(
    flag(),
    "false",
    "measure CPU times first, so that the load is right on this machine",
  ),
  "out": optional(path("FILE"), "write the trace to FILE instead of standard output"),
} as const satisfies OptionTable;

export const TRACE_CONVERT_TABLE = {
  "from": required(path("FILE"), "the trace to read"),
  "format": optional(oneOf(TRACE_FORMATS), "its format, where it is not to be recognised by its header"),
  "durations": optional(path("FILE"), "of azure-2019: the table of the functions' durations"),
  "seed": withDefault(
    number({ least: 0, most: 2 ** 32 - 1, integer: true }),
    "1",
    "of azure-2019: the same seed draws the same invocations",
  ),
  "seconds": optional(number({ least: 0, above: true, most: 1e9 }), "the first N seconds of it"),
  "limit": optional(number({ least: 1, integer: true }), "the first N invocations"),
  "to": required(path("FILE"), "write the trace that replay takes to FILE"),
} as const satisfies OptionTable;

export const DOCTOR_TABLE = {
  "json": withDefault(flag(), "false", "print one JSON document"),
  "restore": withDefault(flag(), "false", "put back what an agent that was killed has left behind"),
  "state": withDefault(path("FOLDER"), "/var/lib/alps", "with --restore: that agent's state folder"),
} as const satisfies OptionTable;

/** Both `install` and `uninstall`. */
export const INSTALL_TABLE = {
  "root": withDefault(path("FOLDER"), "/", "the root of the machine's file system, to prepare another one"),
} as const satisfies OptionTable;

/** `alps-agent install` and `uninstall`. */
export interface InstallOptions {
  readonly root: string;
}

/** `alps-agent doctor`. */
export interface DoctorOptions {
  readonly json: boolean;
  readonly restore: boolean;
  readonly state: string;
}

/** `alps-agent host`. */
export interface HostOptions {
  readonly listen: Address;
  readonly commands: string | undefined;
  readonly warm: boolean;
  readonly cgroups: boolean;
  readonly sessions: boolean;
}

/** `alps-agent replay`. */
export interface ReplayOptions {
  readonly trace: string;
  readonly target: URL;
  /** Factor of the trace's pace. */
  readonly speed: number;
  /** Invocations; undefined for all. */
  readonly limit: number | undefined;
  readonly expResult: string | undefined;
  readonly json: boolean;
}

/** `alps-agent trace make`. */
export interface TraceMakeOptions {
  readonly mix: typeof MIXES[number];
  readonly load: number;
  readonly cores: number;
  readonly seconds: number;
  readonly seed: number;
  /** By this machine's CPU times, not the reference machine's. */
  readonly measure: boolean;
  /** Undefined for standard output. */
  readonly out: string | undefined;
}

/** `alps-agent trace convert`. */
export interface TraceConvertOptions {
  readonly from: string;
  readonly format: TraceFormat | undefined;
  readonly durations: string | undefined;
  readonly seed: number;
  readonly seconds: number | undefined;
  /** Invocations; undefined for all. */
  readonly limit: number | undefined;
  readonly to: string;
}

/** The options of `replay` under their names in code. */
export function replayOptions(values: Values<typeof REPLAY_TABLE>): ReplayOptions {
  const { "exp-result": expResult, ...rest } = values;
  return { ...rest, expResult };
}
