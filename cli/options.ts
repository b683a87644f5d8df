/** All options of `alps-agent run`, and how command line, environment and configuration file make one set of values. */
import { CREDENTIALS } from "../observe/discover/pod_api.ts";
import { shown } from "../observe/names.ts";
import { parseRule, RuleError, type RuleSpec } from "../observe/rules.ts";
import { readConfig } from "./config.ts";
import { UsageError } from "./errors.ts";
import { optional, type RawValue, type RawValues, readValues, repeated, withDefault } from "./table.ts";
import {
  type Address,
  address,
  excludedGlob,
  flag,
  type Kind,
  number,
  oneOf,
  path,
  text,
  url,
} from "./values.ts";

/** What this build has; a value that names anything else is a usage error that lists these. */
export const BUILD = {
  ml: ["avg", "LR", "RF", "EWMV", "gittins"],
  backends: ["auto", "scx", "cfs", "stock", "none"],
  discover: ["auto", "none"],
} as const;

/** A predictor's name; `EWMA` is another spelling of `EWMV`. */
export function predictor(): Kind<typeof BUILD.ml[number]> {
  const kind = oneOf(BUILD.ml);
  return { ...kind, parse: (text) => kind.parse(text === "EWMA" ? "EWMV" : text) };
}

/** Levels of logging, from the most talkative one. */
export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"] as const;

/** Where the agent listens if it is not said. */
export const DEFAULT_SOCKET = "/run/alps/agent.sock";

/** A Unix socket's path has 108 bytes with the terminating zero. */
const MOST_SOCKET_BYTES = 107;

/** The options by their long names: one table for parsing, help, messages, environment and configuration file. */
export const RUN_TABLE = {
  "ml": withDefault(predictor(), "avg", "predictor of what a function's next invocation needs"),
  "alpha": withDefault(number({ least: 0, above: true }), "1", "factor of the predicted slice"),
  "beta": withDefault(number({ least: 0 }), "1", "weight of a slice's unpredictability"),
  "gamma": withDefault(number({ least: 0, above: true }), "1", "divisor of slices under overload"),
  "theta": withDefault(
    number({ least: 0, most: 100 }),
    "50",
    "CPU utilisation, in percent, that counts as overload",
  ),
  "unpred": withDefault(flag(), "false", "turn the tuning by unpredictability off"),
  "overload": withDefault(flag(), "false", "turn the tuning by overload off"),
  "epoch": withDefault(
    number({ least: 0.1, most: 3600, unit: "seconds" }),
    "10",
    "time between two policies",
  ),
  "max-wait": withDefault(
    number({ least: 0.1, most: 3600, unit: "seconds" }),
    "5",
    "longest time that an invocation waits behind shorter ones",
  ),
  "backend": withDefault(
    oneOf(BUILD.backends),
    "auto",
    "how the policy is enforced; none only observes and learns",
  ),
  "rule": repeated(
    text("RULE", "a rule"),
    "which processes are functions, such as 'exe:/srv/fn/{function}'; may be repeated",
  ),
  "exclude-cgroup": repeated(
    excludedGlob("cgroup"),
    "leave the processes of cgroups alone, such as '/system.slice/**'; may be repeated",
  ),
  "exclude-user": repeated(
    text("USER", "a user's name or number"),
    "leave a user's processes alone, by name or number; may be repeated",
  ),
  "exclude-function": repeated(
    excludedGlob("function"),
    "leave functions alone, by a glob on their names; may be repeated",
  ),
  "discover": withDefault(oneOf(BUILD.discover), "auto", "find functions of known platforms; rules go first"),
  "openlambda": repeated(
    path("FILE..."),
    "configurations of OpenLambda workers (config.json), each of which serves one function",
  ),
  "kubernetes": optional(
    url(),
    "the Kubernetes API's address, or of a kubelet's list of pods (…/pods); in a pod it is found",
  ),
  "kubernetes-credentials": withDefault(path("FOLDER"), CREDENTIALS, "folder with its token and ca.crt"),
  "node-name": optional(text("NAME", "a name"), "this node's name there; else the machine's"),
  "config": optional(path("FILE"), "read options from FILE: JSON with comments, long options as keys"),
  "listen": withDefault(address(), "127.0.0.1:8083", "address of the HTTP interface"),
  "socket": withDefault(
    path("SOCKET", MOST_SOCKET_BYTES),
    DEFAULT_SOCKET,
    "Unix socket of the HTTP interface",
  ),
  "token-file": optional(path("FILE"), "file with the token that allows writing over HTTP"),
  "state": withDefault(path("FOLDER"), "/var/lib/alps", "folder for what outlives the agent"),
  "exp_result": optional(path("FILE"), "write one finished invocation per line to FILE"),
  "log-level": withDefault(oneOf(LOG_LEVELS, "LEVEL"), "info", `least to log: ${LOG_LEVELS.join(", ")}`),
  "log-format": withDefault(oneOf(["text", "json"]), "text", "form of the log"),
} as const;

/** Everything that `alps-agent run` is told. */
export interface RunOptions {
  readonly ml: typeof BUILD.ml[number];
  readonly alpha: number;
  readonly beta: number;
  readonly gamma: number;
  /** Percent. */
  readonly theta: number;
  /** Given: the fine-tuning by unpredictability is off. */
  readonly unpred: boolean;
  /** Given: the fine-tuning by overload is off. */
  readonly overload: boolean;
  readonly epochS: number;
  readonly maxWaitS: number;
  readonly backend: typeof BUILD.backends[number];
  /** In the order in which they are tried; none is there twice. */
  readonly rules: readonly RuleSpec[];
  /** What is left alone, whatever the rules say. Users by name or number. */
  readonly exclude: {
    readonly cgroups: readonly string[];
    readonly users: readonly string[];
    readonly functions: readonly string[];
  };
  readonly discover: typeof BUILD.discover[number];
  /** Paths of configurations. */
  readonly openlambda: readonly string[];
  /** Undefined: as the environment of a pod says. */
  readonly kubernetes: URL | undefined;
  readonly kubernetesCredentials: string;
  /** Undefined: the machine's. */
  readonly nodeName: string | undefined;
  readonly listen: Address;
  readonly socket: string;
  readonly tokenFile: string | undefined;
  /** Created when first needed. */
  readonly state: string;
  readonly expResult: string | undefined;
  readonly logLevel: typeof LOG_LEVELS[number];
  readonly logFormat: "text" | "json";
}

/** Where options come from besides the command line; replaced in tests. */
export interface OptionSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Reads a text file. */
  readonly readFile?: (path: string) => string;
}

/**
 * Makes one set of options: command line over environment over configuration file. Rules of all three are in force, in
 * that order; a rule that repeats one of a stronger place is left out.
 *
 * @throws {UsageError} for whatever is wrong in any of the places.
 * @throws {FailedError} where the configuration file cannot be read.
 */
export function resolveRunOptions(cli: RawValues, sources: OptionSources): RunOptions {
  const env = environmentValues(sources.env);
  const { config } = readValues("run", { config: RUN_TABLE.config }, [cli, env]);
  const file: RawValues = config === undefined ? new Map() : readConfig(config, RUN_TABLE, sources.readFile);
  const values = readValues("run", RUN_TABLE, [cli, env, file]);
  return {
    ml: values.ml,
    alpha: values.alpha,
    beta: values.beta,
    gamma: values.gamma,
    theta: values.theta,
    unpred: values.unpred,
    overload: values.overload,
    epochS: values.epoch,
    maxWaitS: values["max-wait"],
    backend: values.backend,
    rules: readRules([cli, env, file]),
    exclude: {
      cgroups: values["exclude-cgroup"],
      users: values["exclude-user"],
      functions: values["exclude-function"],
    },
    discover: values.discover,
    openlambda: values.openlambda,
    kubernetes: values.kubernetes,
    kubernetesCredentials: values["kubernetes-credentials"],
    nodeName: values["node-name"],
    listen: values.listen,
    socket: values.socket,
    tokenFile: values["token-file"],
    state: values.state,
    expResult: values.exp_result,
    logLevel: values["log-level"],
    logFormat: values["log-format"],
  };
}

/** The environment variable of an option: `ALPS_MAX_WAIT` for `max-wait`. */
export function variableOf(option: string): string {
  return `ALPS_${option.toUpperCase().replaceAll("-", "_")}`;
}

/** What the environment says. An empty variable says nothing; where an option may be repeated, it holds one value a line. */
function environmentValues(env: OptionSources["env"]): RawValues {
  const values = new Map<string, RawValue[]>();
  for (const [option, { repeats }] of Object.entries(RUN_TABLE)) {
    const label = variableOf(option);
    const value = env[label] ?? "";
    if (value === "") continue;
    const texts = repeats ? value.split(/\r?\n/).filter((line) => line.trim() !== "") : [value];
    values.set(option, texts.map((text) => ({ label, text })));
  }
  return values;
}

function readRules([cli, env, file]: readonly [RawValues, RawValues, RawValues]): RuleSpec[] {
  const rules: RuleSpec[] = [];
  for (
    const [place, from] of [[cli, "command line"], [env, "configuration"], [file, "configuration"]] as const
  ) {
    const stronger = rules.length;
    for (const { label, text } of place.get("rule") ?? []) {
      const prefix = place === cli ? "" : `${label}: `;
      const rule = readRule(text, from, prefix);
      const same = rules.findIndex(({ kind, pattern }) => kind === rule.kind && pattern === rule.pattern);
      if (same >= stronger) {
        throw new UsageError(
          `${prefix}rule "${shown(text)}" matches the same as a rule before it: wanted once`,
        );
      }
      if (same < 0) rules.push(rule);
    }
  }
  return rules;
}

function readRule(text: string, from: RuleSpec["from"], prefix: string): RuleSpec {
  try {
    return parseRule(text, from);
  } catch (error) {
    if (error instanceof RuleError) throw new UsageError(prefix + error.message);
    throw error;
  }
}
