/** Real processes with bytes in their names that no terminal should see, and everything that the agent makes of them. */
import assert from "node:assert/strict";
import type { FunctionsSnapshot } from "../../api/agent_view.ts";
import { assertHarmless } from "../observe/hostile_names.ts";
import { Place } from "./agent_process.ts";
import { until, whyNotLive } from "./lab.ts";

/** As `printf` of a shell reads them: a path holds bytes that no text of JavaScript's can. */
const HOSTILE: Readonly<Record<string, string>> = {
  "line feed": String.raw`a\n2026-01-01T00:00:00Z fatal alps: forged`,
  "escape": String.raw`\033[31mred\033]0;title\007`,
  "not UTF-8": String.raw`x\377\202y`,
  "control characters of two bytes": String.raw`c\302\2332J`,
  "backwards": String.raw`r\342\200\256exe.txt`,
  "markup and quotes": String.raw`"><b>'\r`,
};

/** Where the cpu controller's cgroups are: version 1, else version 2. */
function cpuHierarchy(): string {
  const mounts = Deno.readTextFileSync("/proc/self/mounts").split("\n").map((line) => line.split(" "));
  const v1 = mounts.find(([, , type, options]) => type === "cgroup" && options?.split(",").includes("cpu"));
  return (v1 ?? mounts.find(([, , type]) => type === "cgroup2"))![1]!;
}

/** Starts spin by a shell that makes the bytes: `$NAME` is the hostile name. */
function shell(place: Place, name: string, script: string): Deno.ChildProcess {
  return place.start(
    "/bin/bash",
    "-c",
    `NAME=$(printf '${name.replaceAll("'", String.raw`\047`)}'); ${script}`,
  );
}

Deno.test({
  name: "agent: bytes in paths, names, arguments and cgroups reach no log, page, metric or file as they are",
  ignore: whyNotLive !== undefined,
  async fn() {
    const cgroups = `${cpuHierarchy()}/alps-hostile-${Deno.pid}`;
    for (const format of ["text", "json"]) {
      await using place = await Place.make();
      const spin = await place.program("bin/spin"), results = `${place.folder}/results-${format}.jsonl`;
      await Deno.mkdir(`${place.folder}/fn`);
      const agent = await place.agent(
        ...["--rule", `exe:${place.folder}/fn/{function}`],
        ...["--rule", "comm:alps-{function}"],
        ...["--rule", String.raw`cmd:^--alps-name=(?<function>[\s\S]+) -b`],
        ...["--rule", `cgroup:/${cgroups.split("/").at(-1)}/{function}`],
        ...["--exp_result", results, "--log-level", "trace", "--log-format", format],
      );
      Deno.mkdirSync(cgroups);
      try {
        const started: Deno.ChildProcess[] = [];
        for (const name of Object.values(HOSTILE)) {
          const copy = `cp ${spin} "${place.folder}/fn/$NAME" && exec "${place.folder}/fn/$NAME" -b 0`;
          started.push(shell(place, name, copy));
          started.push(shell(place, name, `exec ${spin} -n "alps-$NAME" -b 0`));
          started.push(shell(place, name, `exec -a "--alps-name=$NAME" ${spin} -b 0`));
          // A line feed is the one thing that no cgroup's name can hold.
          const moved = `mkdir -p "${cgroups}/$NAME" && echo $$ > "${cgroups}/$NAME/cgroup.procs"`;
          if (!name.includes(String.raw`\n`)) {
            started.push(shell(place, name, `${moved} && exec ${spin} -b 0`));
          }
        }
        const refused = await agent.until<FunctionsSnapshot>(
          "every process is looked at",
          "/functions",
          ({ functions, unknown }) =>
            new Set(unknown.map(({ pid }) => pid)).size +
                functions.reduce((sum, { instances }) => sum + instances, 0) === started.length,
        );
        for (const { pid } of refused.unknown) assert.ok(started.some((each) => each.pid === pid));
        assert.ok(refused.unknown.length > started.length / 2, JSON.stringify(refused));
        // What can be shown as it is, is a function: markup and quotes without the carriage return would be one.
        for (const { name } of refused.functions) assertHarmless(name, 1, "a function's name");
        for (const process of started) {
          process.kill("SIGKILL");
          await process.status;
        }
        for (const path of ["/functions", "/priority", "/invocations", "/readyz"]) {
          assertHarmless((await agent.request("GET", path)).text, 1, `${format}, GET ${path}`);
        }
        const page = (await agent.request("GET", "/metrics")).text;
        assertHarmless(page, undefined, `${format}, GET /metrics`);
        assert.match(page, /^alps_unidentified_total\{reason="name_refused"\} [1-9]/m);
        for (const line of page.trimEnd().split("\n")) assert.match(line, /^(# |alps_|$)/);
      } finally {
        await removeCgroups(cgroups);
      }
      const { code, stderr } = await agent.end("SIGTERM");
      assert.equal(code, 0, stderr);
      assertHarmless(stderr, undefined, `${format}, the log`);
      for (const line of stderr.trimEnd().split("\n")) {
        if (format === "json") JSON.parse(line);
        else assert.match(line, /^\d{4}-\d\d-\d\dT\S+ .*\balps\b/);
      }
      assert.ok(!/^2026-01-01T00:00:00Z fatal/m.test(stderr));
      const text = Deno.readTextFileSync(results);
      assertHarmless(text, undefined, `${format}, the file of results`);
      for (const line of text.trimEnd().split("\n").filter((each) => each !== "")) JSON.parse(line);
    }
  },
});

/** Removes a cgroup and those in it: their names are no text of JavaScript's. Busy until the kernel lets go of the dead. */
async function removeCgroups(folder: string): Promise<void> {
  await until(
    "its cgroups are empty",
    () =>
      new Deno.Command("/usr/bin/find", { args: [folder, "-depth", "-type", "d", "-delete"], stderr: "null" })
        .outputSync().success,
  );
}
