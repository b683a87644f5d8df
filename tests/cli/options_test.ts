import assert from "node:assert/strict";
import { UsageError } from "../../cli/errors.ts";
import { type OptionSources, resolveRunOptions, RUN_TABLE, variableOf } from "../../cli/options.ts";
import type { RawValues } from "../../cli/table.ts";

/** The command line that gives these options. */
function cli(options: Record<string, string | string[]> = {}): RawValues {
  return new Map(
    Object.entries(options).map((
      [name, texts],
    ) => [name, [texts].flat().map((text) => ({ label: `--${name}`, text }))]),
  );
}

/** Sources with this environment and a file that holds this configuration. */
function sources(env: OptionSources["env"] = {}, file: unknown = {}): OptionSources {
  return { env, readFile: () => JSON.stringify(file) };
}

function refused(raw: RawValues, from: OptionSources, message: string | RegExp): void {
  assert.throws(() => resolveRunOptions(raw, from), (error) => {
    assert.ok(error instanceof UsageError, String(error));
    if (typeof message === "string") assert.equal(error.message, message);
    else assert.match(error.message, message);
    return true;
  });
}

Deno.test("resolveRunOptions() has a default for everything", () => {
  assert.deepEqual(resolveRunOptions(cli(), sources()), {
    ml: "avg",
    alpha: 1,
    beta: 1,
    gamma: 1,
    theta: 50,
    unpred: false,
    overload: false,
    epochS: 10,
    maxWaitS: 5,
    backend: "auto",
    rules: [],
    exclude: { cgroups: [], users: [], functions: [] },
    discover: "auto",
    openlambda: [],
    kubernetes: undefined,
    kubernetesCredentials: "/var/run/secrets/kubernetes.io/serviceaccount",
    nodeName: undefined,
    listen: { host: "127.0.0.1", port: 8083 },
    socket: "/run/alps/agent.sock",
    tokenFile: undefined,
    state: "/var/lib/alps",
    expResult: undefined,
    logLevel: "info",
    logFormat: "text",
  });
});

Deno.test("every default is a value of its option", () => {
  for (const [name, { kind, fallback }] of Object.entries(RUN_TABLE)) {
    if (fallback !== undefined) assert.notEqual(kind.parse(fallback), undefined, name);
  }
});

Deno.test("resolveRunOptions() takes the command line over the environment over the file", () => {
  const file = { ml: "LR", alpha: 3, theta: 30, "log-level": "debug", unpred: true, exp_result: "/f" };
  const env = {
    ALPS_CONFIG: "alps.json",
    ALPS_ALPHA: "2",
    ALPS_THETA: "20",
    ALPS_TOKEN_FILE: "/t",
    ALPS_STATE: "",
  };
  const options = resolveRunOptions(cli({ theta: "10" }), sources(env, file));
  assert.equal(options.theta, 10);
  assert.equal(options.alpha, 2);
  assert.equal(options.ml, "LR");
  assert.equal(options.logLevel, "debug");
  assert.equal(options.unpred, true);
  assert.equal(options.expResult, "/f");
  assert.equal(options.tokenFile, "/t");
  assert.equal(options.state, "/var/lib/alps", "an empty variable says nothing");
  assert.equal(
    resolveRunOptions(cli({ config: "x" }), sources({ ALPS_UNPRED: "false" }, file)).unpred,
    false,
  );
});

Deno.test("resolveRunOptions() reads the file that the command line names before the environment's", () => {
  const read: string[] = [];
  const readFile = (path: string) => (read.push(path), "{}");
  resolveRunOptions(cli({ config: "one.json" }), { env: { ALPS_CONFIG: "two.json" }, readFile });
  resolveRunOptions(cli(), { env: { ALPS_CONFIG: "two.json" }, readFile });
  resolveRunOptions(cli(), { env: {}, readFile });
  assert.deepEqual(read, ["one.json", "two.json"]);
});

Deno.test("resolveRunOptions() keeps the rules of all places, strongest first", () => {
  const env = { ALPS_CONFIG: "alps.json", ALPS_RULE: "e1=comm:e1\n\n  \ne2=comm:e2\n" };
  const raw = cli({ rule: ["c1=comm:c1", "c2=comm:c2"] });
  const { rules } = resolveRunOptions(
    raw,
    sources(env, { rule: ["f1=comm:f1", "again=comm:c1", "e3=comm:e2"] }),
  );
  assert.deepEqual(rules.map(({ name, from }) => [name, from]), [
    ["c1", "command line"],
    ["c2", "command line"],
    ["e1", "configuration"],
    ["e2", "configuration"],
    ["f1", "configuration"],
  ]);
});

Deno.test("resolveRunOptions() takes exclusions of all places together", () => {
  const file = { "exclude-cgroup": ["/system.slice/**"], "exclude-function": "batch-*" };
  const env = { ALPS_CONFIG: "alps.json", ALPS_EXCLUDE_USER: "postgres\n\n1000\n" };
  const { exclude } = resolveRunOptions(cli({ "exclude-cgroup": ["/db"] }), sources(env, file));
  assert.deepEqual(exclude, {
    cgroups: ["/db", "/system.slice/**"],
    users: ["postgres", "1000"],
    functions: ["batch-*"],
  });
});

Deno.test("resolveRunOptions() refuses an exclusion that is no glob", () => {
  refused(
    cli({ "exclude-cgroup": "db" }),
    sources(),
    "--exclude-cgroup must be a glob on a cgroup's path, such as /system.slice/** (got db)",
  );
  const file = sources({ ALPS_CONFIG: "alps.json" }, { "exclude-function": ["a", "b\\"] });
  refused(
    cli(),
    file,
    'alps.json, line 1: "exclude-function" must be a glob on a function\'s name (got b\\)',
  );
});

Deno.test("resolveRunOptions() says where a bad rule stands", () => {
  refused(cli({ rule: "foo" }), sources(), /^rule "foo" has no colon/);
  refused(cli(), sources({ ALPS_RULE: "a=comm:a\nfoo" }), /^ALPS_RULE: rule "foo" has no colon/);
  const file = sources({ ALPS_CONFIG: "alps.json" }, { rule: "foo" });
  refused(cli(), file, /^alps\.json, line 1: "rule": rule "foo" has no colon/);
  refused(
    cli({ rule: ["a=comm:a", "b=comm:a"] }),
    sources(),
    /^rule "b=comm:a" matches the same as a rule before it/,
  );
  refused(
    cli(),
    sources({ ALPS_RULE: "a=comm:a;mode=cold" }),
    /ALPS_RULE: .*"cold": wanted one of process, warm, auto/,
  );
});

Deno.test("resolveRunOptions() names the option, what is wanted and what was given", () => {
  const cases: [Record<string, string>, string | RegExp][] = [
    [{ ml: "SVM" }, "--ml must be one of avg, LR, RF, EWMV, gittins (got SVM)"],
    [{ ml: "" }, "--ml must be one of avg, LR, RF, EWMV, gittins (got nothing)"],
    [{ backend: "rt" }, "--backend must be one of auto, scx, cfs, stock, none (got rt)"],
    [{ discover: "all" }, "--discover must be one of auto, none (got all)"],
    [{ alpha: "0" }, "--alpha must be a number above 0 (got 0)"],
    [{ alpha: "abc" }, "--alpha must be a number above 0 (got abc)"],
    [{ beta: "-1" }, "--beta must be a number of at least 0 (got -1)"],
    [{ gamma: "0" }, "--gamma must be a number above 0 (got 0)"],
    [{ theta: "101" }, "--theta must be a number from 0 to 100 (got 101)"],
    [{ epoch: "0" }, "--epoch must be a number of seconds, from 0.1 to 3600 (got 0)"],
    [{ "max-wait": "0" }, "--max-wait must be a number of seconds, from 0.1 to 3600 (got 0)"],
    [{ epoch: "3601" }, /^--epoch must be a number of seconds/],
    [{ listen: "8083" }, /^--listen must be HOST:PORT with a port from 0 to 65535/],
    [{ socket: "/" + "x".repeat(107) }, /^--socket must be a path of 1 to 107 bytes/],
    [{ state: "" }, /^--state must be a path/],
    [
      { "log-level": "loud" },
      "--log-level must be one of trace, debug, info, warning, error, fatal (got loud)",
    ],
    [{ "log-format": "xml" }, "--log-format must be one of text, json (got xml)"],
  ];
  for (const [options, message] of cases) refused(cli(options), sources(), message);
  assert.equal(resolveRunOptions(cli({ beta: "0" }), sources()).beta, 0);
});

Deno.test("resolveRunOptions() finds mistakes of every place, also where a stronger one says something else", () => {
  refused(
    cli({ ml: "LR" }),
    sources({ ALPS_ML: "SVM" }),
    "ALPS_ML must be one of avg, LR, RF, EWMV, gittins (got SVM)",
  );
  const file = sources({ ALPS_CONFIG: "alps.json", ALPS_THETA: "50" }, { theta: 200 });
  refused(cli(), file, 'alps.json, line 1: "theta" must be a number from 0 to 100 (got 200)');
  refused(cli(), sources({ ALPS_UNPRED: "yes" }), "ALPS_UNPRED must be true or false (got yes)");
});

Deno.test("resolveRunOptions() refuses an option that is given twice", () => {
  refused(cli({ ml: ["avg", "LR"] }), sources(), "--ml is given 2 times: wanted once");
  refused(cli({ config: ["a", "b"] }), sources(), "--config is given 2 times: wanted once");
});

Deno.test("variableOf() names the environment variable of an option", () => {
  assert.equal(variableOf("max-wait"), "ALPS_MAX_WAIT");
  assert.equal(variableOf("exp_result"), "ALPS_EXP_RESULT");
  assert.equal(variableOf("ml"), "ALPS_ML");
});

Deno.test("resolveRunOptions() takes EWMA for EWMV, as both are in use", () => {
  assert.equal(resolveRunOptions(cli({ ml: "EWMA" }), sources({})).ml, "EWMV");
});
