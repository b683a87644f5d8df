import assert from "node:assert/strict";
import { ExitStatus, FailedError, NotPossibleError, UsageError } from "../../cli/errors.ts";
import { type Actions, main } from "../../cli/program.ts";

/** What one call of the program did. */
interface Outcome {
  status: number;
  out: string;
  err: string;
  /** The action that ran, and its options. */
  ran: [keyof Actions, Record<string, unknown>] | undefined;
}

/** Runs the program in this process; `act` is what every action does. */
async function run(
  args: string[],
  { env = {}, act = () => 0 }: { env?: Record<string, string>; act?: () => number } = {},
): Promise<Outcome> {
  const outcome: Outcome = { status: -1, out: "", err: "", ran: undefined };
  const action = (name: keyof Actions) => (options: object) => {
    outcome.ran = [name, { ...options }];
    return Promise.resolve().then(act);
  };
  const actions: Actions = {
    version: () => "alps-agent 1.2.3\n",
    licences: () => "all of them\n",
    run: action("run"),
    doctor: action("doctor"),
    host: action("host"),
    replay: action("replay"),
    simulate: action("simulate"),
    whatIf: action("whatIf"),
    traceMake: action("traceMake"),
    traceConvert: action("traceConvert"),
    install: action("install"),
    uninstall: action("uninstall"),
  };
  outcome.status = await main(args, actions, {
    env,
    out: (text) => void (outcome.out += text),
    err: (text) => void (outcome.err += text),
  });
  return outcome;
}

/** Checks that wrong usage ends with status 2 and one line on stderr, nothing else, and that nothing was started. */
async function refused(
  args: string[],
  message: string | RegExp,
  env?: Record<string, string>,
): Promise<void> {
  const outcome = await run(args, env === undefined ? {} : { env });
  const what = `alps-agent ${args.join(" ")}: ${outcome.err}`;
  assert.equal(outcome.status, ExitStatus.usage, what);
  assert.equal(outcome.ran, undefined, what);
  assert.equal(outcome.out, "", what);
  assert.match(outcome.err, /^alps-agent: [^\n]+\n$/, what);
  assert.ok(!/\p{Cc}/u.test(outcome.err.trimEnd()), what);
  if (typeof message === "string") assert.equal(outcome.err, `alps-agent: ${message}\n`);
  else assert.match(outcome.err, message);
}

Deno.test("main() runs the agent where no command is named, with or without options", async () => {
  for (const args of [[], ["run"], ["--ml", "LR"], ["run", "--ml=LR"], ["--unpred", "--ml", "LR"]]) {
    const { status, ran, err } = await run(args);
    assert.equal(status, ExitStatus.done, err);
    assert.equal(ran?.[0], "run");
    assert.equal(ran?.[1]["ml"], args.length > 1 ? "LR" : "avg");
    assert.equal(ran?.[1]["unpred"], args.includes("--unpred"));
    assert.equal(ran?.[1]["epochS"], 10);
  }
});

Deno.test("main() hands over every option of run", async () => {
  const line = "--ml LR --alpha 2 --beta 0 --gamma 3 --theta 40 --unpred --overload --epoch 1 --max-wait 2 " +
    "--backend none --rule a=comm:a --rule exe:/{function} --discover none --openlambda a.json b.json --kubernetes https://k:6443 --kubernetes-credentials /c --node-name n --listen [::1]:0 --socket s.sock " +
    "--exclude-cgroup /db --exclude-user root --exclude-function a* --token-file t --state st --exp_result e --log-level debug --log-format json";
  const { ran } = await run(line.split(" "));
  assert.deepEqual(ran, ["run", {
    ml: "LR",
    alpha: 2,
    beta: 0,
    gamma: 3,
    theta: 40,
    unpred: true,
    overload: true,
    epochS: 1,
    maxWaitS: 2,
    backend: "none",
    rules: [
      { name: "a", kind: "comm", pattern: "a", mode: "auto", from: "command line" },
      { kind: "exe", pattern: "/{function}", mode: "auto", from: "command line" },
    ],
    exclude: { cgroups: ["/db"], users: ["root"], functions: ["a*"] },
    discover: "none",
    openlambda: ["a.json", "b.json"],
    kubernetes: new URL("https://k:6443"),
    kubernetesCredentials: "/c",
    nodeName: "n",
    listen: { host: "::1", port: 0 },
    socket: "s.sock",
    tokenFile: "t",
    state: "st",
    expResult: "e",
    logLevel: "debug",
    logFormat: "json",
  }]);
});

Deno.test("main() reads the environment", async () => {
  const env = {
    ALPS_ML: "LR",
    ALPS_MAX_WAIT: "3",
    ALPS_EXP_RESULT: "/tmp/e",
    ALPS_RULE: "a=comm:a\nb=comm:b",
  };
  const { ran } = await run(["--max-wait", "4"], { env });
  assert.equal(ran?.[1]["ml"], "LR");
  assert.equal(ran?.[1]["maxWaitS"], 4);
  assert.equal(ran?.[1]["expResult"], "/tmp/e");
  assert.equal((ran?.[1]["rules"] as unknown[]).length, 2);
});

Deno.test("main() runs the other commands with their options", async () => {
  assert.deepEqual((await run(["host"])).ran, ["host", {
    listen: { host: "127.0.0.1", port: 5002 },
    openlambda: undefined,
    functions: undefined,
    commands: undefined,
    warm: false,
    cgroups: false,
    sessions: false,
    announce: undefined,
    work: 1,
  }]);
  // Workers have ports of their own.
  const worker = (await run(["host", "--openlambda", "/ws", "--functions", "f"])).ran?.[1];
  assert.deepEqual([worker?.["listen"], worker?.["openlambda"], worker?.["functions"]], [
    undefined,
    "/ws",
    "f",
  ]);
  const host =
    "host --listen 0.0.0.0:80 --commands c.json --warm --cgroups --sessions --announce p --work 0.5";
  assert.deepEqual((await run(host.split(" "))).ran, ["host", {
    listen: { host: "0.0.0.0", port: 80 },
    openlambda: undefined,
    functions: undefined,
    commands: "c.json",
    warm: true,
    cgroups: true,
    sessions: true,
    announce: "p",
    work: 0.5,
  }]);
  assert.deepEqual((await run(["doctor", "--restore"])).ran, ["doctor", {
    json: false,
    restore: true,
    state: "/var/lib/alps",
  }]);
  const replay = "replay --trace t --target http://127.0.0.1:5002 --speed 2 --limit 9 --exp-result e --json";
  assert.deepEqual((await run(replay.split(" "))).ran, ["replay", {
    trace: "t",
    target: new URL("http://127.0.0.1:5002"),
    speed: 2,
    limit: 9,
    expResult: "e",
    json: true,
  }]);
  const simulate =
    "simulate --trace t --policy ps,alps:avg --cores 4 --min-run 0.5 --switch-cost 3 --json --plot p.svg";
  assert.deepEqual((await run(simulate.split(" "))).ran, ["simulate", {
    trace: "t",
    policies: ["ps", "alps:avg"],
    cores: 4,
    minRunMs: 0.5,
    switchCostUs: 3,
    format: undefined,
    durations: undefined,
    seed: 1,
    seconds: undefined,
    limit: undefined,
    json: true,
    plot: "p.svg",
  }]);
  assert.deepEqual((await run("whatif --minutes 2.5 --url http://127.0.0.1:8083 --json".split(" "))).ran, [
    "whatIf",
    {
      minutes: 2.5,
      socket: "/run/alps/agent.sock",
      url: new URL("http://127.0.0.1:8083"),
      json: true,
    },
  ]);
  assert.deepEqual((await run(["doctor", "--json"])).ran, ["doctor", {
    json: true,
    restore: false,
    state: "/var/lib/alps",
  }]);
  assert.deepEqual((await run(["trace", "make"])).ran, ["traceMake", {
    mix: "azure",
    load: 0.9,
    cores: 2,
    seconds: 60,
    seed: 1,
    measure: false,
    out: undefined,
  }]);
  const make = "trace make --mix lognormal --load 1.1 --cores 4 --seconds 5 --seed 0 --measure --out o";
  assert.deepEqual((await run(make.split(" "))).ran, ["traceMake", {
    mix: "lognormal",
    load: 1.1,
    cores: 4,
    seconds: 5,
    seed: 0,
    measure: true,
    out: "o",
  }]);
  assert.deepEqual((await run(["trace", "convert", "--from", "a", "--to", "b"])).ran, ["traceConvert", {
    from: "a",
    format: undefined,
    durations: undefined,
    seed: 1,
    seconds: undefined,
    limit: undefined,
    to: "b",
  }]);
});

Deno.test("main() shows version and help on standard output, and runs nothing", async () => {
  const cases: [string[], RegExp][] = [
    [["--version"], /^alps-agent 1\.2\.3\n$/],
    [["-V"], /^alps-agent 1\.2\.3\n$/],
    [["--licenses"], /^all of them\n$/],
    [["--help"], /run \[options\].*run the agent[^]*host[^]*replay[^]*trace[^]*alps-agent run --help/],
    [["help"], /Usage: alps-agent/],
    [
      ["run", "--help"],
      /--ml <avg\|LR\|RF\|EWMV\|gittins>[^]*\(default: avg\)[^]*--max-wait <SECONDS>[^]*--exp_result <FILE>/,
    ],
    [["help", "replay"], /--trace <FILE>.*\(required\)/],
    [["trace", "convert", "--help"], /--format <alps\|azure-2019\|azure-2021\|huawei-2025\|exp-result>/],
    [["trace", "make", "--help"], /--mix <azure\|huawei\|alike\|lognormal\|two-peaked>/],
  ];
  for (const [args, shows] of cases) {
    const { status, out, err, ran } = await run(args);
    assert.equal(status, ExitStatus.done, err);
    assert.match(out, shows);
    assert.equal(err, "");
    assert.equal(ran, undefined);
  }
});

Deno.test("main() lists the allowed options for one that it does not know", async () => {
  const all =
    /: allowed are --ml, --alpha, .*--max-wait, .*--exp_result, --log-level, --log-format, --help, --version, --licenses\n$/;
  for (const args of [["--zzz"], ["--zzz=3"], ["run", "--zzz", "3"], ["--ml", "LR", "--zzz"], ["-x"]]) {
    await refused(args, all);
  }
  await refused(["--alhpa", "2"], /unknown option --alhpa \(did you mean --alpha\?\): allowed are /);
  await refused(["--exp-result", "f"], /did you mean --exp_result\?/);
  const listn =
    /unknown option --listn \(did you mean --listen\?\): allowed are --listen, --openlambda, --functions, --commands, .*--help/;
  await refused(["host", "--listn", "x"], listn);
  await refused(["trace", "make", "--ml", "LR"], /unknown option --ml: allowed are --mix, --load, /);
  await refused(["trace", "--x"], "unknown option --x: allowed are --help");
  await refused(["--unpred=1"], "--unpred takes no value");
  await refused(["--\x1b[2J"], /unknown option --\\u001b\[2J: /);
});

Deno.test("main() refuses doctor's two tasks at once", async () => {
  await refused(["doctor", "--restore", "--json"], "doctor takes either --restore or --json");
});

Deno.test("main() lists the commands for one that it does not know", async () => {
  await refused(
    ["doktor"],
    'unknown command "doktor": must be one of run, doctor, host, replay, simulate, whatif, trace, install, uninstall',
  );
  await refused(["--", "foo"], /unknown command "foo"/);
  await refused(["trace"], "trace needs a command: must be one of make, convert");
  await refused(["trace", "show"], 'unknown command "show": must be one of make, convert');
  await refused(
    ["help", "foo"],
    "help needs a command: must be one of run, doctor, host, replay, simulate, whatif, trace, install, uninstall",
  );
  await refused(["run", "run"], 'unexpected argument "run": a command comes first, its options after it');
  await refused(["--ml", "LR", "host"], /unexpected argument "host": a command comes first/);
  await refused(["host", "x"], 'unexpected argument "x": host takes options only');
  await refused(["a\nb\x1b"], /unknown command "a\\u000ab\\u001b"/);
});

Deno.test("main() names the allowed values", async () => {
  await refused(["--ml", "SVM"], "--ml must be one of avg, LR, RF, EWMV, gittins (got SVM)");
  await refused(["--ml=Gittins"], "--ml must be one of avg, LR, RF, EWMV, gittins (got Gittins)");
  await refused(["--backend", "rt"], "--backend must be one of auto, scx, cfs, stock, none (got rt)");
  await refused(["--discover", "all"], "--discover must be one of auto, none (got all)");
  await refused(["--alpha", "-1"], "--alpha must be a number above 0 (got -1)");
  await refused(["--theta", "1e9"], "--theta must be a number from 0 to 100 (got 1e9)");
  await refused(["--max-wait", "0"], "--max-wait must be a number of seconds, from 0.1 to 3600 (got 0)");
  await refused(["--listen", "nowhere"], /--listen must be HOST:PORT/);
  await refused(["host", "--listen", "1"], /--listen must be HOST:PORT/);
  await refused(
    ["trace", "make", "--mix", "x"],
    "--mix must be one of azure, huawei, alike, lognormal, two-peaked (got x)",
  );
  await refused(["trace", "make", "--load", "0"], "--load must be a number above 0 and at most 10 (got 0)");
  await refused(
    ["trace", "make", "--cores", "1.5"],
    "--cores must be a whole number from 1 to 4096 (got 1.5)",
  );
  const target = ["replay", "--trace", "t", "--target"];
  await refused(
    [...target, "x"],
    "--target must be an http or https URL, such as http://127.0.0.1:5002 (got x)",
  );
  await refused(
    [...target, "http://a", "--limit", "0"],
    "--limit must be a whole number of at least 1 (got 0)",
  );
  await refused([], "ALPS_ML must be one of avg, LR, RF, EWMV, gittins (got SVM)", { ALPS_ML: "SVM" });
});

Deno.test("main() wants values where they are missing, and once", async () => {
  await refused(["--ml"], "--ml needs a value, one of avg, LR, RF, EWMV, gittins");
  await refused(
    ["--ml", "--alpha", "2"],
    "--ml needs a value, one of avg, LR, RF, EWMV, gittins (got --alpha)",
  );
  await refused(["--state", "--ml", "LR"], "--state needs a value, a path of 1 to 4095 bytes (got --ml)");
  await refused(["host", "--commands"], /^alps-agent: --commands needs a value, a path/);
  await refused(["--ml", "avg", "--ml", "LR"], "--ml is given 2 times: wanted once");
  await refused(["replay"], "replay needs --trace FILE");
  await refused(["replay", "--trace", "t"], "replay needs --target URL");
});

Deno.test("main() refuses bad rules before anything is started", async () => {
  await refused(["--rule", "foo"], /^alps-agent: rule "foo" has no colon: wanted \[NAME=\]KIND:PATTERN/);
  await refused(["--rule", "x=exe:/a", "--rule", "path:/b"], /unknown kind "path"/);
  await refused(
    ["--rule", "x=exe:/a;mode=cold"],
    /"cold": wanted one of process, warm, auto/,
  );
  await refused(["--rule"], "--rule needs a value, a rule");
  await refused(["--rule", "x=exe:/a\n\x1b[2J;y"], /\\u000a/);
});

Deno.test("main() refuses a bad configuration file, and fails where it cannot be read", async () => {
  const folder = Deno.makeTempDirSync();
  try {
    const file = `${folder}/alps.json`;
    Deno.writeTextFileSync(file, '{\n  "ml": "LR",\n  "rule": ["a=comm:a"] // one\n}\n');
    const { ran } = await run(["--config", file, "--alpha", "2"]);
    assert.equal(ran?.[1]["ml"], "LR");
    assert.deepEqual((ran?.[1]["rules"] as { from: string }[]).map(({ from }) => from), ["configuration"]);

    Deno.writeTextFileSync(file, '{\n  "ml": "SVM"\n}\n');
    await refused(
      ["--config", file],
      `${file}, line 2: "ml" must be one of avg, LR, RF, EWMV, gittins (got SVM)`,
    );
    await refused([], `${file}, line 2: "ml" must be one of avg, LR, RF, EWMV, gittins (got SVM)`, {
      ALPS_CONFIG: file,
    });
    Deno.writeTextFileSync(file, '{\n  "mI": 1\n}\n');
    await refused(["--config", file], /line 2: "mI" is not an option: allowed are ml, alpha/);
    Deno.writeTextFileSync(file, '{\n  "ml" 1\n}\n');
    await refused(["--config", file], /line 2: not JSON with comments: colon expected/);

    const missing = await run(["--config", `${folder}/none`]);
    assert.equal(missing.status, ExitStatus.failed);
    const line = `alps-agent: cannot read the configuration file ${folder}/none: No such file or directory\n`;
    assert.equal(missing.err, line);
    assert.equal(missing.ran, undefined);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("main() returns the status of the action", async () => {
  assert.equal((await run([], { act: () => ExitStatus.failed })).status, ExitStatus.failed);
  assert.equal((await run(["host"], { act: () => 0 })).status, ExitStatus.done);
});

Deno.test("main() turns errors of actions into one line and the status that fits", async () => {
  const cases: [Error, number, string][] = [
    [new UsageError("bad commands file"), 2, "bad commands file"],
    [
      new NotPossibleError("not running as root", "start it with sudo"),
      3,
      "not running as root: start it with sudo",
    ],
    [new FailedError("port 8083 is taken"), 1, "port 8083 is taken"],
    [new Error("two\n  lines\r\n"), 1, "two; lines"],
    [new Deno.errors.AddrInUse("Address in use"), 1, "Address in use"],
  ];
  for (const [error, status, message] of cases) {
    const outcome = await run([], {
      act: () => {
        throw error;
      },
    });
    assert.equal(outcome.status, status, error.name);
    assert.equal(outcome.err, `alps-agent: ${message}\n`);
  }
});

Deno.test("main() shows the stack of what is a mistake of the program", async () => {
  const outcome = await run([], {
    act: () => {
      throw new TypeError("x is undefined");
    },
  });
  assert.equal(outcome.status, ExitStatus.failed);
  assert.match(outcome.err, /^alps-agent: TypeError: x is undefined\n {4}at .*program_test\.ts/);
});
