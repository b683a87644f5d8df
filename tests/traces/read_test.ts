import assert from "node:assert/strict";
import { join } from "node:path";
import { FailedError } from "../../cli/errors.ts";
import { type ReadOptions, readTrace } from "../../traces/read.ts";
import { TraceError } from "../../traces/error.ts";
import type { TraceEntry } from "../../traces/entry.ts";
import { memorySource } from "../../traces/source.ts";
import { inFolder } from "../in_folder.ts";

const HUAWEI =
  "time_worker,time_frontend,requestID,clusterName,funcName,podID,userID,totalCost_worker,workerCost," +
  "runtimeCost,totalCost_frontend,frontendCost,busCost,readBodyCost,writeRspCost,cpu_usage,memory_usage," +
  "requestBodySize";
const FUNCTION = "HashOwner,HashApp,HashFunction";
const PERCENTILES = [0, 1, 25, 50, 75, 99, 100].map((percent) => `percentile_Average_${percent}`).join(",");
const DURATIONS = `${FUNCTION},Average,Count,Minimum,Maximum,${PERCENTILES}`;

function source(text: string, name = "made.csv", chunkBytes = 7) {
  return memorySource(name, new TextEncoder().encode(text), chunkBytes);
}

async function read(text: string, options: ReadOptions = {}): Promise<TraceEntry[]> {
  return await Array.fromAsync(readTrace(source(text), options));
}

/** Checks that reading fails at a line of the file with a message. */
async function fails(text: string, line: number, message: RegExp, options: ReadOptions = {}): Promise<void> {
  await assert.rejects(read(text, options), (error: Error) => {
    assert.ok(error instanceof TraceError, error.stack);
    assert.match(error.message, new RegExp(`^cannot read line ${line} of "[a-z]+\\.csv": `));
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /\p{Cc}/u);
    return true;
  });
}

Deno.test("readTrace() reads the ALPS format", async () => {
  assert.deepEqual(await read("1 31 fib 34 5018\r\n2 8 graphPagerank 17 5010\n\n"), [
    { function: "fib-18", dueMs: 34, call: { job: "fib", n: 31 } },
    { function: "graphPagerank-10", dueMs: 51, call: { job: "graphPagerank", n: 8 } },
  ]);
  assert.deepEqual(await read(""), []);
  await fails("1 31 fib 34 5018\nnonsense\n", 2, /it has 1 field, wanted 5/);
  await fails("1 31 fib 34 5018\n\n1 31 fib 34 5018\n", 2, /it is empty/);
  await fails(`1 31 fib ${"9".repeat(400)} 5018\n`, 1, /inter-arrival_ms is "9+…", wanted a sum of at most/);
  await fails("x".repeat((1 << 20) + 1), 1, /longer than 1048576 bytes/);
});

Deno.test("readTrace() reads Azure's invocations of 2021 by their start, the first due at 0", async () => {
  const text = 'func,duration,app,end_timestamp\nf,0.5,a,10\ng,2,a,11.25\n"f""",1e-05,b,10.00001\n';
  const wanted = [
    { function: "a/g", dueMs: 0, cpuMs: 2000 },
    { function: "a/f", dueMs: 250, cpuMs: 500 },
    { function: 'b/f"', dueMs: 750, cpuMs: 0.01 },
  ];
  assert.deepEqual(await read(text), wanted);
  assert.deepEqual(await read("\ufeff" + text.replaceAll("\n", "\r\n")), wanted);
  assert.deepEqual(await read("app,func,end_timestamp,duration\na,f,4e9,0\na,f,0,4e9\n"), [
    { function: "a/f", dueMs: 0, cpuMs: 4e12 },
    { function: "a/f", dueMs: 8e12, cpuMs: 0 },
  ]);
  assert.deepEqual(await read(text, { limit: 2 }), wanted.slice(0, 2));
  assert.deepEqual(await read(text, { seconds: 0.25 }), wanted.slice(0, 1));
});

Deno.test("readTrace() says which column of a table is wrong or missing, and in which line", async () => {
  const header = "app,func,end_timestamp,duration\n", good = "a,f,1,1\n";
  await fails(
    "app,func,end_timestamp\na,f,1\n",
    1,
    /column "duration" is missing, found "app", "func", "end_/,
  );
  await fails(
    "a,b,c\n1,2,3\n",
    1,
    /no known trace has these columns: "a", "b", "c"; wanted those of azure-2019 /,
  );
  await fails("app,func,end_timestamp,duration,app\n", 1, /column "app" is there twice/);
  await fails(
    `${header}${good}a,f,1,NaN\n`,
    3,
    /column "duration" is "NaN", wanted seconds from 0 to 4000000000$/,
  );
  await fails(`${header}${good}a,f,-1,1\n`, 3, /column "end_timestamp" is "-1"/);
  await fails(`${header}${good}a,f,1e300,1\n`, 3, /column "end_timestamp" is "1e300"/);
  await fails(`${header}${good}a,f,,1\n`, 3, /column "end_timestamp" is ""/);
  await fails(`${header},f,1,1\n`, 2, /column "app" is empty/);
  await fails(`${header}${good}a,f,1\n`, 3, /it has 3 fields, wanted 4 as the header has/);
  await fails(`${header}${good}a,"f,1,1\n`, 3, /a quote is opened and not closed/);
  await fails(`${header}${good}a,"f\r\n\r\n",1,1\r\na,f,x,1\r\n`, 6, /column "end_timestamp" is "x"/);
  await fails(`${header}a,f"x,1,1\n`, 2, /quote/i);
  await fails(`${header}"${"x".repeat((1 << 20) + 9)}`, 2, /a record is longer than 1048576 bytes/);
  await fails("", 1, /columns .*"app".* are missing, found no header/, { format: "azure-2021" });
  await fails(`${header}${good}`, 1, /columns "time_worker", .* are missing/, { format: "huawei-2025" });
});

Deno.test("readTrace() reads Huawei's requests: they start when the worker got them", async () => {
  const row = (time: number, name: number, pod: number, total: number, runtime: number) =>
    `${time},9,ab,1,${name},pool22-300-128-000${pod},224,${total},0,${runtime},0,0,0,0,0,0.3,32,1018\n`;
  assert.deepEqual(
    await read(`${HUAWEI}\n${row(100.5, 296, 7, 0.25, 0.2)}${row(100.75, 296, 8, 0.625, 0.5)}`),
    [
      { function: "296---224---pool22-300-128", dueMs: 0, cpuMs: 500 },
      { function: "296---224---pool22-300-128", dueMs: 125, cpuMs: 200 },
    ],
  );
  await fails(
    HUAWEI.replace("runtimeCost", "cost") + "\n",
    1,
    /column "runtimeCost" is missing, found "time_worker"/,
  );
  await fails(`${HUAWEI}\n${row(1, 2, 3, 4, -1)}`, 2, /column "runtimeCost" is "-1"/);
});

Deno.test("readTrace() reads the agent's own record, whose last line may be half written", async () => {
  const entry = (name: string, start: string, cpuUs: unknown) =>
    JSON.stringify({ function: name, pid: 1, start: `2026-01-31T12:00:${start}Z`, cpu_us: cpuUs });
  const text = `${entry("b", "01.000250", 4)}\n${entry("a", "00.000000", 1500)}\n`;
  const wanted = [{ function: "a", dueMs: 0, cpuMs: 1.5 }, { function: "b", dueMs: 1000.25, cpuMs: 0.004 }];
  assert.deepEqual(await read(text), wanted);
  assert.deepEqual(await read(text + '{"function":"c","pi'), wanted);
  await fails(`${text}${entry("a", "99.000000", 1)}\n`, 3, /member "start" is "2026-01-31T12:00:99/);
  await fails(
    `${text}${entry("a", "01.000000", null)}\n`,
    3,
    /member "cpu_us" is "null", wanted microseconds/,
  );
  await fails(`${text}{"function":""}\n`, 3, /member "function" is "", wanted a name/);
  await fails(
    `${text}{"function":"a","start":${"[".repeat(1e5)}${"]".repeat(1e5)}}\n`,
    3,
    /"start" is a list, wanted/,
  );
  await fails(`${text}[]\n`, 3, /wanted a JSON object/);
  await fails(`${text}{\u001b}\n`, 3, /it is "\{\\u001b\}"/);
});

Deno.test("readTrace() draws Azure's invocations of 2019 from counts and percentiles", async () => {
  const text = `${FUNCTION},Trigger,1,2,3\no,a,f,http,300,0,70000\no,a,g,timer,0,1,0\no,a,h,queue,2,3,0\n`;
  const durations = source(
    `${DURATIONS}\no,a,f,5,370,1,9,1,2,3,5,7,8,9\no,a,g,100,1,100,100,100,100,100,100,100,100,100\n`,
    "durations.csv",
  );
  let leftOut = 0;
  const options = { durations, onLeftOut: (count: number) => void (leftOut = count) };
  const entries = await read(text, options);
  assert.equal(leftOut, 5);
  const byMinute = Map.groupBy(entries, ({ dueMs }) => Math.floor(dueMs / 60_000));
  assert.deepEqual([...byMinute].map(([minute, list]) => [minute, list.length]), [[0, 300], [1, 1], [
    2,
    70_000,
  ]]);
  assert.deepEqual(byMinute.get(1)!.map((entry) => [entry.function, entry.cpuMs]), [["o/a/g", 100]]);
  entries.slice(1).forEach(({ dueMs }, index) => assert.ok(dueMs >= entries[index]!.dueMs));
  // Spread evenly over the minute, and by the percentiles.
  const third = byMinute.get(2)!;
  const below = (limit: number) => third.filter(({ dueMs }) => dueMs < limit * 60_000).length / third.length;
  for (const part of [0.1, 0.5, 0.9]) assert.ok(Math.abs(below(2 + part) - part) < 0.01);
  const shorter = (ms: number) => third.filter(({ cpuMs }) => cpuMs! < ms).length / third.length;
  for (const [ms, part] of [[1, 0], [2, 0.01], [3, 0.25], [5, 0.5], [7, 0.75], [8, 0.99]] as const) {
    assert.ok(Math.abs(shorter(ms) - part) < 0.01, `${shorter(ms)} below ${ms} ms`);
  }
  // The same by seed, whatever part of it is asked for.
  assert.deepEqual(await read(text, options), entries);
  assert.deepEqual(await read(text, { ...options, limit: 10 }), entries.slice(0, 10));
  assert.notDeepEqual(await read(text, { ...options, seed: 2, limit: 10 }), entries.slice(0, 10));
});

Deno.test("readTrace() says what is wrong with either table of Azure's of 2019", async () => {
  const text = `${FUNCTION},Trigger,1,2\no,a,f,http,1,0\n`;
  const durations = source(`${DURATIONS}\no,a,f,5,370,1,9,1,2,3,5,7,8,9\n`, "durations.csv");
  await fails(text, 1, /the table of their durations is wanted too .*--durations FILE/);
  await fails(`${FUNCTION},Trigger,1,3\n`, 1, /column "2" is missing/, { durations });
  await fails(`${FUNCTION},Trigger,1,2\no,a,f,http,1,0.5\n`, 2, /column "2" is 0.5, wanted a whole number/, {
    durations,
  });
  await fails(`${FUNCTION},Trigger,1\no,a,f,http,1e10\n`, 2, /column "1" is "1e10", wanted a whole number/, {
    durations,
  });
  await fails(`${DURATIONS}\n`, 1, /it has the durations of an azure-2019 trace, wanted the table of invoc/);
  const wrong = source(`${DURATIONS}\no,a,f,5,370,1,9,1,2,3,2,7,8,9\n`, "durations.csv");
  await fails(
    text,
    2,
    /column "percentile_Average_50" is 2, wanted at least the percentile before it \(3\)/,
    {
      durations: wrong,
    },
  );
  await fails(text, 1, /columns "percentile_Average_0", .* are missing/, {
    durations: source(text, "durations.csv"),
  });
});

Deno.test("readTrace() reads files, closes them whatever happens, and says which cannot be read", () =>
  inFolder(async (folder) => {
    const path = join(folder, "trace.csv");
    await Deno.writeTextFile(path, "app,func,end_timestamp,duration\n" + "a,f,1,1\n".repeat(50_000));
    for await (const entry of readTrace(path)) {
      assert.equal(entry.function, "a/f");
      break;
    }
    await assert.rejects(Array.fromAsync(readTrace(path, { format: "huawei-2025" })), TraceError);
    await Deno.writeTextFile(path, "a,b\n" + "a,f\n".repeat(50_000));
    await assert.rejects(Array.fromAsync(readTrace(path)), TraceError);
    for (const bad of [join(folder, "none"), folder]) {
      await assert.rejects(Array.fromAsync(readTrace(bad)), (error: Error) => {
        assert.ok(error instanceof FailedError);
        assert.match(error.message, /^cannot read trace ".*": /);
        return true;
      });
    }
  }));

Deno.test("readTrace() reads from a pipe, which can be read only once, and closes it", () =>
  inFolder(async (folder) => {
    const pipe = join(folder, "pipe");
    await new Deno.Command("mkfifo", { args: [pipe] }).output();
    for (const text of ["1 31 fib 34 5018\n", "app,func,end_timestamp,duration\na,f,10,1\n"]) {
      const writing = Deno.writeTextFile(pipe, text);
      const entries = await Array.fromAsync(readTrace(pipe));
      await writing;
      assert.equal(entries.length, 1);
    }
    const open = () => [...Deno.readDirSync("/proc/self/fd")].length, before = open();
    const writing = Deno.writeTextFile(pipe, "1 31 fib 34 5018\n2 31 fib 34 5018\n");
    for await (const _ of readTrace(pipe, { limit: 1 })) break;
    await writing;
    assert.equal(open(), before);
  }));
