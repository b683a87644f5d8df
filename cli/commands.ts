/** The options of the commands besides `run`. */
import { TRACE_FORMATS, type TraceFormat } from "../traces/formats.ts";
import { BUILD, DEFAULT_SOCKET } from "./options.ts";
import { optional, type OptionTable, required, type Values, withDefault } from "./table.ts";
import { type Address, address, flag, type Kind, number, oneOf, path, url } from "./values.ts";

/** Shapes of the traces that `trace make` makes. */
export const MIXES = ["azure", "huawei", "alike", "lognormal", "two-peaked"] as const;

/** Where the host listens if it is not said, and it has no workers to serve. */
const HOST_ADDRESS = "127.0.0.1:5002";

export const HOST_TABLE = {
  "listen": optional(
    address(),
    `address that answers POST /run/<function> (default: ${HOST_ADDRESS}; with workers only theirs)`,
  ),
  "openlambda": optional(path("FOLDER"), "serve the OpenLambda workers that ALPS has configured in FOLDER"),
  "functions": optional(path("FILE"), "serve the workers in FILE, a line WORKER PORT ID FUNCTION each"),
  "commands": optional(path("FILE"), "FILE says which command serves which function"),
  "warm": withDefault(flag(), "false", "serve each function by processes that stay up"),
  "cgroups": withDefault(flag(), "false", "each function in a cgroup of its own"),
  "sessions": withDefault(flag(), "false", "each invocation in a session of its own"),
  "announce": optional(path("FILE"), "tell the named pipe FILE, which somebody reads, of each invocation"),
  "work": withDefault(
    number({ least: 0.001, most: 1000 }),
    "1",
    "factor of the work that the embedded functions do",
  ),
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

/** How a trace of any format is read. */
const TRACE_READ_TABLE = {
  "format": optional(oneOf(TRACE_FORMATS), "its format, where it is not to be recognised by its header"),
  "durations": optional(path("FILE"), "of azure-2019: the table of the functions' durations"),
  "seed": withDefault(
    number({ least: 0, most: 2 ** 32 - 1, integer: true }),
    "1",
    "of azure-2019: the same seed draws the same invocations",
  ),
  "seconds": optional(number({ least: 0, above: true, most: 1e9 }), "the first N seconds of it"),
  "limit": optional(number({ least: 1, integer: true }), "the first N invocations"),
} as const satisfies OptionTable;

export const TRACE_CONVERT_TABLE = {
  "from": required(path("FILE"), "the trace to read"),
  ...TRACE_READ_TABLE,
  "to": required(path("FILE"), "write the trace that replay takes to FILE"),
} as const satisfies OptionTable;

/** What `simulate --policy` takes; `simulate/policies.ts` has them, and is loaded only to simulate. */
export const POLICY_NAMES = [
  ...["fifo", "rr", "ps", "srpt", "sfs"],
  ...BUILD.ml.map((ml) => `alps:${ml}`),
  "gittins",
];

export const SIMULATE_TABLE = {
  "trace": required(path("FILE"), "the trace, or an agent's record of invocations (its --exp_result)"),
  ...TRACE_READ_TABLE,
  "policy": required(policyNames(), "policies to simulate, separated by commas"),
  "cores": withDefault(number({ least: 1, most: 4096, integer: true }), "1", "cores to simulate"),
  "min-run": withDefault(
    number({ least: 0, most: 86_400_000 }),
    "0",
    "milliseconds that an invocation keeps a core before another takes it",
  ),
  "switch-cost": withDefault(
    number({ least: 0, most: 86_400_000_000 }),
    "0",
    "microseconds that each context switch takes",
  ),
  "json": withDefault(flag(), "false", "print one JSON document"),
  "plot": optional(path("FILE"), "draw the distributions of turnaround and slowdown to FILE, as SVG"),
} as const satisfies OptionTable;

export const WHATIF_TABLE = {
  "minutes": withDefault(
    number({ least: 0.1, most: 60 }),
    "10",
    "how far back invocations are looked at",
  ),
  "socket": withDefault(path("SOCKET"), DEFAULT_SOCKET, "the running agent's Unix socket"),
  "url": optional(url(), "ask over TCP instead, such as http://127.0.0.1:8083"),
  "json": withDefault(flag(), "false", "print one JSON document"),
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
  /** Undefined: only where workers listen. */
  readonly listen: Address | undefined;
  /** Workspace of OpenLambda workers. */
  readonly openlambda: string | undefined;
  /** File of workers. */
  readonly functions: string | undefined;
  readonly commands: string | undefined;
  readonly warm: boolean;
  readonly cgroups: boolean;
  readonly sessions: boolean;
  readonly announce: string | undefined;
  readonly work: number;
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

/** How a trace is read. */
export interface TraceReadOptions {
  /** Undefined: it is recognised. */
  readonly format: TraceFormat | undefined;
  /** Path of the table that azure-2019 needs too. */
  readonly durations: string | undefined;
  readonly seed: number;
  readonly seconds: number | undefined;
  /** Invocations; undefined for all. */
  readonly limit: number | undefined;
}

/** `alps-agent trace convert`. */
export interface TraceConvertOptions extends TraceReadOptions {
  readonly from: string;
  readonly to: string;
}

/** `alps-agent simulate`. */
export interface SimulateOptions extends TraceReadOptions {
  readonly trace: string;
  /** Different names out of {@link POLICY_NAMES}, at least one. */
  readonly policies: readonly string[];
  readonly cores: number;
  readonly minRunMs: number;
  readonly switchCostUs: number;
  readonly json: boolean;
  /** Undefined for no drawing. */
  readonly plot: string | undefined;
}

/** `alps-agent whatif`. */
export interface WhatIfOptions {
  readonly minutes: number;
  readonly socket: string;
  /** Undefined: the socket is asked. */
  readonly url: URL | undefined;
  readonly json: boolean;
}

/** The options of `host`: where it listens depends on whether it has workers. */
export function hostOptions(values: Values<typeof HOST_TABLE>): HostOptions {
  const alone = values.openlambda === undefined && values.functions === undefined;
  return { ...values, listen: values.listen ?? (alone ? address().parse(HOST_ADDRESS) : undefined) };
}

/** The options of `simulate` under their names in code. */
export function simulateOptions(values: Values<typeof SIMULATE_TABLE>): SimulateOptions {
  const { policy, "min-run": minRunMs, "switch-cost": switchCostUs, ...rest } = values;
  return { ...rest, policies: policy, minRunMs, switchCostUs };
}

/** Names of policies, separated by commas. */
function policyNames(): Kind<readonly string[]> {
  return {
    placeholder: "NAME[,NAME...]",
    wanted: `different names, separated by commas, out of ${POLICY_NAMES.join(", ")}`,
    json: "string",
    parse(text) {
      const names = text.split(",");
      const good = names.every((name) => POLICY_NAMES.includes(name)) && new Set(names).size === names.length;
      return good ? names : undefined;
    },
  };
}

/** The options of `replay` under their names in code. */
export function replayOptions(values: Values<typeof REPLAY_TABLE>): ReplayOptions {
  const { "exp-result": expResult, ...rest } = values;
  return { ...rest, expResult };
}
