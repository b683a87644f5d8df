/** What the agent that runs on this machine has found: functions, and what is none's that is known. */

import type { FunctionsSnapshot } from "../api/agent_view.ts";
import { DEFAULT_SOCKET } from "../cli/options.ts";
import { shown } from "../observe/names.ts";

/** How long it may take for its answer. */
const ANSWER_MS = 3000;

/** Lines of each list for people; `--json` has all. */
const MOST_LINES = 40;

/** Asks the agent; undefined where none answers. */
export async function askRunningAgent(
  socket: string = DEFAULT_SOCKET,
): Promise<FunctionsSnapshot | undefined> {
  try {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    const signal = AbortSignal.timeout(ANSWER_MS);
    const answer = await fetch("http://localhost/functions", { client, signal });
    const body: FunctionsSnapshot = await answer.json();
    return answer.ok && Array.isArray(body.functions) && Array.isArray(body.unknown) ? body : undefined;
  } catch {
    return undefined; // none runs, or this user may not ask it
  }
}

/** The rows for people: what, where from, how many, where. */
export function functionRows({ functions, unknown, platforms = [] }: FunctionsSnapshot): string[][] {
  const more = (count: number) =>
    count > MOST_LINES ? [[`  … and ${count - MOST_LINES} more`, "", "", ""]] : [];
  return [
    ...platforms.map(({ name, state, detail }) => [`  ${shown(name)}`, state, "", shown(detail)]),
    ...functions.slice(0, MOST_LINES).map(({ name, platform, instances, found_by, cgroups }) => [
      `  ${shown(name)}`,
      shown(platform),
      instances === 1 ? "1 instance" : `${instances} instances`,
      shown([found_by, ...cgroups].join("; ")),
    ]),
    ...more(functions.length),
    ...unknown.slice(0, MOST_LINES).map(({ cgroup, pid, hint }) => [
      "  unknown",
      `pid ${pid}`,
      "",
      shown(`${cgroup}: ${hint}`),
    ]),
    ...more(unknown.length),
  ];
}
