/** One table of everything that shows names, gone through with every kind of hostile name. */
import assert from "node:assert/strict";
import type { LogRecord } from "@logtape/logtape";
import { MetricsPage } from "../../api/metrics.ts";
import { compareRounds } from "../../bench/compare.ts";
import { startProgress } from "../../bench/progress.ts";
import { comparisonTable, runTable } from "../../bench/report.ts";
import { type Measured, summarizeRun } from "../../bench/summary.ts";
import { parseTrace } from "../../traces/alps.ts";
import { main } from "../../cli/program.ts";
import { readConfig } from "../../cli/config.ts";
import { RUN_TABLE } from "../../cli/options.ts";
import { History, invocationEntry } from "../../core/history.ts";
import { lineFormatter } from "../../core/log.ts";
import { createHostApp } from "../../host/app.ts";
import { Classifier } from "../../observe/classifier.ts";
import { FunctionTable } from "../../observe/functions.ts";
import type { ProcessIdentity } from "../../observe/identity.ts";
import { RuleSet } from "../../observe/rule_set.ts";
import { parseNewRule, parseRule } from "../../observe/rules.ts";
import { emptyMetrics, fakeApi } from "../api/fake_view.ts";
import { assertHarmless, HOSTILE_NAMES } from "./hostile_names.ts";
import { everyAction } from "../cli/every_action.ts";

/** What a sink made of a name, and how many lines that has with an honest one (undefined: any number). */
type Output = [text: string, lines: number | undefined];

const SINKS: Readonly<Record<string, (name: string) => Output | Promise<Output>>> = {
  "a log line as text: a value": (name) => [lineFormatter("text")(record("saw {name}", name)), 1],
  "a log line as text: the message itself": (name) => [lineFormatter("text")(record(name)), 1],
  "a log line as text: an error": (name) => [lineFormatter("text")(record("{name}", new Error(name))), 1],
  "a log line as text: an object": (name) => [lineFormatter("text")(record("{name}", { [name]: name })), 1],
  "a log line as JSON: a value": (name) => json(lineFormatter("json")(record("saw {name}", name)), 1),
  "a log line as JSON: the message itself": (name) => json(lineFormatter("json")(record(name)), 1),
  "a log line as JSON: an error": (name) => json(lineFormatter("json")(record("{name}", new Error(name))), 1),
  "a log line as JSON: an object": (name) =>
    json(lineFormatter("json")(record("{name}", { list: [name], [name]: 1 })), 1),

  "the page of metrics": async (name) => {
    const page = (names: string[]) =>
      new MetricsPage("1").render({
        ...emptyMetrics(),
        functions: names.map(figures),
        backend: names[0]!,
        eventsLost: { [names[0]!]: 1 },
      }, { cpuSeconds: 1, memoryBytes: 1 });
    const honest = await page(["fib"]);
    return [await page([name]), honest.split("\n").length - 1];
  },

  "GET /functions, /priority and /invocations": async (name) => {
    const { ask, view } = fakeApi();
    view.names = [name];
    view.functions = () => ({
      rules: [{ id: "r1", name, rule: `comm:${name}`, mode: "auto", from: "http" }],
      functions: [{
        name,
        id: "1",
        platform: name,
        rule_id: "r1",
        found_by: name,
        mode: "warm",
        instances: 1,
        overlapped: 0,
        cgroups: [`/${name}`],
      }],
      unknown: [{ cgroup: `/${name}`, pid: 1, hint: name }],
      platforms: [{ name, state: "failing", detail: name }],
    });
    const query = `/invocations?function=${encodeURIComponent(name.toWellFormed())}`;
    const answers = await Promise.all(["/functions", "/priority", query].map((path) => ask(path)));
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    const [functions, priorities] = texts.map((text) => JSON.parse(text));
    // A program reads the very name; only half characters, which UTF-8 cannot hold, are lost.
    assert.equal(functions.functions[0].name, name);
    assert.equal(priorities.functions[0].name, name);
    return [texts.join("\n").replaceAll("m".repeat(1 << 20), ""), 3];
  },
  "GET /readyz with a reason": async (name) => {
    const { ask, view } = fakeApi();
    view.state = { ready: false, reasons: [name] };
    view.states = { ...view.states, learning: { state: "not working", reason: name } };
    return [(await (await ask("/readyz")).text()).replaceAll("m".repeat(1 << 20), ""), 1];
  },
  "problems of a request that names it": async (name) => {
    const { ask, send } = fakeApi();
    const part = encodeURIComponent(name.toWellFormed());
    const answers = [
      await ask(`/priority/${part}`),
      await send("PUT", `/priority/${part}`, { priority: name.slice(0, 1000) }),
      await send("DELETE", `/functions/${part}`, undefined),
      await send("POST", "/functions", { rule: name, [name.slice(0, 1000)]: name.slice(0, 1000) }),
      await ask(`/invocations?limit=${part}`),
      await ask(`/${part}`),
      await ask(`/priority?${part}=${part}`),
    ];
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    return [texts.join("\n").replaceAll("m".repeat(1 << 20), ""), answers.length];
  },

  "the file of results": (name) => {
    const file = Deno.makeTempFileSync();
    try {
      using history = new History(file, (error) => assert.fail(String(error)));
      history.add([entry(name), entry(name)]);
      const text = Deno.readTextFileSync(file);
      assert.equal(
        JSON.parse(text.split("\n")[0]!).function,
        name.isWellFormed() ? name : JSON.parse(text.split("\n")[0]!).function,
      );
      return [text.replaceAll("m".repeat(1 << 20), ""), 2];
    } finally {
      Deno.removeSync(file);
    }
  },

  "a rule that cannot be used": (name) => {
    const messages = [
      `${name}=comm:x`,
      `comm:${name}`,
      name,
      `x=${name}:y`,
      `x=comm:y;mode=${name}`,
      `x=comm:y;${name}=1`,
    ]
      .map((rule) => thrown(() => parseRule(rule, "http")));
    messages.push(thrown(() => parseNewRule({ name, rule: "comm:x" })));
    messages.push(thrown(() => parseNewRule({ rule: `comm:${name}` })));
    return [messages.map((message) => message ?? "").join("\n"), messages.length];
  },
  "a process whose name a rule takes": (name) => {
    const rules = new RuleSet();
    rules.add(parseRule("comm:{function}", "http"));
    rules.add(parseRule("cmd:(?<function>.*)", "http"));
    const identity: ProcessIdentity = { ...nobody, comm: name, cmdline: name, exePaths: [`/${name}`] };
    const verdict = rules.match(identity);
    return [
      verdict.kind === "refused" ? verdict.reason : verdict.kind === "function" ? verdict.functionName : "",
      1,
    ];
  },
  "a cgroup in the list of what is unknown": async (name) => {
    const kernel = {
      setRules() {},
      setMode() {},
      setHelper() {},
      watchIdle() {},
      idleLengths: () => undefined,
      remember() {},
      adopt: () => 0,
    };
    const classifier = new Classifier(kernel, new RuleSet(), new FunctionTable(() => {}));
    classifier.unknown.push({ cgroup: `/${name}`, pid: 1, hint: "?" });
    const { ask, view } = fakeApi();
    const { rules, functions } = view.functions();
    view.functions = () => ({ rules, functions, unknown: classifier.unknown, platforms: [] });
    return [(await (await ask("/functions")).text()).replaceAll("m".repeat(1 << 20), ""), 1];
  },

  "the command line's complaints": async (name) => {
    const lines: string[] = [];
    const given = [
      [name],
      [`--${name}`],
      ["--ml", name],
      ["--rule", name],
      ["--listen", name],
      ["--state", name],
      ["--config", `/no/${name}`],
      ["--epoch", name],
      ["help", name],
      ["replay", "--trace", name, "--target", name],
      ["trace", name],
      ["host", "--commands"],
      ["trace", "make", "--mix", name],
    ];
    const fail = (): Promise<number> => Promise.reject(new Error(`failed: ${name}`));
    for (const args of given) {
      const status = await main(
        args,
        everyAction(fail),
        {
          env: {},
          out: () => {},
          err: (text) => lines.push(text.replace(/\n$/, "")),
        },
      );
      assert.notEqual(status, 0, args[0]);
    }
    return [lines.join("\n"), given.length];
  },
  "the environment's complaints": async (name) => {
    let error = "";
    const none = () => Promise.resolve(0);
    const env = { ALPS_ML: name, ALPS_RULE: name };
    const err = (text: string) => error += text;
    await main([], everyAction(none), {
      env,
      out: () => {},
      err,
    });
    return [error, 1];
  },
  "a mistake of the program": async (name) => {
    let error = "";
    const fail = () => Promise.reject(new TypeError(name));
    const err = (text: string) => error += text;
    await main([], everyAction(fail), {
      env: {},
      out: () => {},
      err,
    });
    return [error.replaceAll("m".repeat(1 << 20), ""), undefined];
  },
  "a configuration file's complaints": (name) => {
    const texts = [{ [name]: 1 }, { ml: [name] }, { epoch: name }].map((value) => JSON.stringify(value));
    const messages = [...texts, name].map((text) =>
      thrown(() => readConfig(name, RUN_TABLE, () => text)) ?? ""
    );
    return [messages.join("\n"), messages.length];
  },

  "the tables of demo and replay": (name) => {
    const measured = [run(name), run("fib")];
    const comparison = compareRounds([new Map([["default", measured], ["alps:avg", measured]])], 1);
    const single = summarizeRun(measured);
    return [
      [
        comparisonTable({ comparison, policy: "alps:avg", heading: "ALPS", columns: 120 }),
        runTable(single, single, 120),
      ].join("\n"),
      10,
    ];
  },
  "progress in lines": (name) => [progress(name, false), 1],
  "a line of a trace that cannot be read": (name) => [
    thrown(() => parseTrace(`1 20 ${name.replaceAll(/\s/g, "_")} 5 5001`)) ?? "",
    1,
  ],

  "the function host's answers": async (name) => {
    const jobs = [{ name: "fib", nLeast: 1, nMost: 9, workFactor: 1 }];
    const reply = { pid: 1, status: 0, signal: null, cpuUs: 1, result: name };
    const runner = {
      jobs,
      failure: undefined,
      pid: 1,
      run: () => Promise.resolve(reply),
      exec: () => Promise.resolve(reply),
    };
    const app = createHostApp(runner);
    const ask = async (path: string, body: unknown) =>
      await (await app.request(path, { method: "POST", body: JSON.stringify(body) })).text();
    const part = encodeURIComponent(name.toWellFormed().slice(0, 100));
    const texts = [
      await ask(`/run/${part}`, { n: 1, id: 1, job: "fib" }),
      await ask(`/run/${part}`, { n: 1, id: 1 }),
      await ask(`/run/fib`, { n: name.slice(0, 1000), id: 1, job: name.slice(0, 1000) }),
      await ask(`/${part}`, {}),
    ];
    return [texts.join("\n").replaceAll("m".repeat(1 << 20), ""), texts.length];
  },
};

for (const [sink, show] of Object.entries(SINKS)) {
  Deno.test(`${sink}: no hostile name gets through unescaped`, async () => {
    for (const [what, name] of Object.entries(HOSTILE_NAMES)) {
      const [text, lines] = await show(name);
      assertHarmless(text, lines, `${sink}, ${what}`);
    }
  });
}

Deno.test("progress as a bar: no hostile name gets through unescaped", () => {
  for (const [what, name] of Object.entries(HOSTILE_NAMES)) {
    const text = progress(name, true);
    // The bar itself moves the cursor: what must not be there is the name.
    assert.ok(!text.includes(name), what);
    assert.equal(text.split("\n").length, progress("fib", true).split("\n").length, what);
    assert.ok(text.length < 10_000, what);
  }
});

/** A table that tests nothing proves nothing: what the sinks escape would fail as it is. */
Deno.test("assertHarmless() fails for every hostile name as it is", () => {
  for (const [what, name] of Object.entries(HOSTILE_NAMES)) {
    assert.throws(() => assertHarmless(name, 1, what), what);
  }
});

function record(template: string, value?: unknown): LogRecord {
  const [before = "", after] = template.split("{name}");
  return {
    category: ["alps", "test"],
    level: "warning",
    rawMessage: template,
    message: after === undefined ? [template] : [before, value, after],
    timestamp: 0,
    properties: value === undefined ? {} : { name: value },
  };
}

/** Checks that a line is JSON still. */
function json(text: string, lines: number): Output {
  JSON.parse(text);
  return [text, lines];
}

function thrown(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function figures(name: string) {
  const histogram = { upperBoundsS: [0.001, 1], counts: [0, 1], sumS: 1 };
  return {
    name,
    invocations: 1,
    cpuSeconds: 1,
    waitSeconds: 1,
    preemptions: 1,
    dispatches: 2,
    cpu: histogram,
    turnaround: histogram,
  };
}

function entry(name: string) {
  const invocation = {
    functionId: 1,
    pid: 1,
    kind: "process",
    startNs: 0,
    endNs: 1,
    cpuNs: 1,
    waitNs: 0,
    firstRunNs: 0,
    preemptions: 0,
  } as const;
  return invocationEntry(invocation, name, () => "2026-03-01T12:00:00.000000Z");
}

const nobody: ProcessIdentity = {
  pid: 1,
  startTimeTicks: 0,
  exePaths: [],
  comm: "",
  cmdline: "",
  cgroupCpu: undefined,
  cgroupsOther: [],
  parentPid: 0,
};

function run(name: string): Measured {
  return { function: name, dueMs: 0, endMs: 1, cpuMs: 1, executionMs: 1, failed: false };
}

function progress(note: string, isTerminal: boolean): string {
  let text = "";
  const decoder = new TextDecoder();
  const stream = {
    isTerminal: () => isTerminal,
    columns: () => 200,
    writeSync: (bytes: Uint8Array) => (text += decoder.decode(bytes), bytes.length),
  };
  using shown = startProgress("label", 2, stream, 0);
  shown.update(1, note);
  shown[Symbol.dispose]();
  return text;
}
