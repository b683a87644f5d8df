/**
 * What the agent that runs on this machine has found: functions, what is none's that is known, and what its scheduler in the
 * kernel has counted.
 */

import type { FunctionsSnapshot } from "../api/agent_view.ts";
import { DEFAULT_SOCKET } from "../cli/options.ts";
import { shown } from "../observe/names.ts";

/** How long it may take for its answer. */
const ANSWER_MS = 3000;

/** Lines of each list for people; `--json` has all. */
const MOST_LINES = 40;

/** What it answers. */
export interface Found extends FunctionsSnapshot {
  /** Of the metrics that begin with `alps_scheduler_` or `alps_cfs_`; empty where its backend is another. */
  readonly scheduler?: Readonly<Record<string, number>>;
}

/** Asks the agent; undefined where none answers. */
export async function askRunningAgent(socket: string = DEFAULT_SOCKET): Promise<Found | undefined> {
  try {
    using client = Deno.createHttpClient({ proxy: { transport: "unix", path: socket } });
    const ask = (path: string) =>
      fetch(`http://localhost${path}`, { client, signal: AbortSignal.timeout(ANSWER_MS) });
    const answer = await ask("/functions");
    const body: FunctionsSnapshot = await answer.json();
    if (!answer.ok || !Array.isArray(body.functions) || !Array.isArray(body.unknown)) return undefined;
    return { ...body, scheduler: schedulerFigures(await (await ask("/metrics")).text()) };
  } catch {
    return undefined; // none runs, or this user may not ask it
  }
}

/** The scheduler's figures on a page of metrics, by name and labels. Pure. */
export function schedulerFigures(page: string): Record<string, number> {
  const lines = page.matchAll(/^(alps_(?:scheduler|cfs)_\w+(?:\{[^}]*\})?) (\S+)$/gm);
  return Object.fromEntries([...lines].map(([, name, value]) => [name!, Number(value)]));
}

/** The rows for people. */
export function schedulerRows({ scheduler = {} }: Found): string[][] {
  return Object.entries(scheduler).map(([name, value]) => [`  ${shown(name)}`, `${value}`]);
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
