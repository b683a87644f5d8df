/**
 * Workers of OpenLambda as ALPS configures them: one for each function, `<workspace>/<worker>/config.json`, or a line
 * `WORKER PORT ID FUNCTION` in the file that its scripts make them from.
 */

import { osReason } from "../../ffi/errors.ts";
import { nameProblem, shown } from "../names.ts";
import { property } from "./read_limited.ts";

/** One worker. */
export interface WorkerConfig {
  /** The worker's own folder is called so, and its sandboxes' cgroup `<name>-sandboxes`. */
  readonly name: string;
  readonly functionName: string;
  /** `seal_priority`: what ALPS calls the function. */
  readonly id: string;
  readonly port: number;
  /** Undefined where only a line tells of it. */
  readonly workerDir: string | undefined;
}

/** A configuration cannot be used. The message is one line. */
export class WorkerConfigError extends Error {
  override name = "WorkerConfigError";
}

/** Reads a worker's `config.json`. @throws {WorkerConfigError} */
export function readWorkerConfig(path: string): WorkerConfig {
  const wrong = (why: string) => new WorkerConfigError(`cannot use OpenLambda's ${shown(path)}: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(Deno.readTextFileSync(path));
  } catch (error) {
    throw wrong(error instanceof SyntaxError ? "it is not JSON" : osReason(error));
  }
  const text = (name: string): string => {
    const found = property(value, name);
    if (typeof found === "number") return String(found);
    if (typeof found === "string" && found !== "") return found;
    throw wrong(`it has no ${name}, which ALPS gives each worker`);
  };
  const workerDir = text("worker_dir").replace(/\/+$/, "");
  const parts = workerDir.split("/");
  return checked({
    name: parts.at(-2) ?? "",
    functionName: text("function_name"),
    id: text("seal_priority"),
    port: text("worker_port"),
    workerDir,
  }, wrong);
}

/** The configurations in a workspace, `DIR/*\/config.json`, by port. @throws {WorkerConfigError} where there is none */
export function readWorkspace(folder: string): WorkerConfig[] {
  const wrong = (why: string) => new WorkerConfigError(`cannot use the workspace ${shown(folder)}: ${why}`);
  let names: string[];
  try {
    names = [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    throw wrong(osReason(error));
  }
  const paths = ["config.json", ...names.map((name) => `${name}/config.json`)]
    .map((name) => `${folder}/${name}`).filter(isFile);
  if (paths.length === 0) throw wrong("it holds no WORKER/config.json");
  return inOrder(paths.map(readWorkerConfig), wrong);
}

/** The workers of a file with a line `WORKER PORT ID FUNCTION` for each. @throws {WorkerConfigError} naming the line */
export function readWorkerList(path: string): WorkerConfig[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (error) {
    throw new WorkerConfigError(`cannot read functions from ${shown(path)}: ${osReason(error)}`);
  }
  const workers = text.split("\n").flatMap((line, index) => {
    const wrong = (why: string) =>
      new WorkerConfigError(`cannot use ${shown(path)}, line ${index + 1}: ${why}`);
    if (line.trim() === "" || line.trim().startsWith("#")) return [];
    const [name, port, id, functionName, ...rest] = line.trim().split(/\s+/);
    if (
      name === undefined || port === undefined || id === undefined || functionName === undefined ||
      rest.length > 0
    ) {
      throw wrong(`wanted WORKER PORT ID FUNCTION, got ${shown(line.trim())}`);
    }
    return [checked({ name, functionName, id, port, workerDir: undefined }, wrong)];
  });
  return inOrder(workers, (why) => new WorkerConfigError(`cannot use ${shown(path)}: ${why}`));
}

type Wrong = (why: string) => WorkerConfigError;

function checked(raw: Omit<WorkerConfig, "port"> & { port: string }, wrong: Wrong): WorkerConfig {
  const port = /^[0-9]{1,5}$/.test(raw.port) ? Number(raw.port) : 0;
  if (port < 1 || port > 65535) throw wrong(`its port must be from 1 to 65535, got ${shown(raw.port)}`);
  for (
    const [what, text] of [["worker", raw.name], ["function", raw.functionName], ["id", raw.id]] as const
  ) {
    const problem = nameProblem(text);
    if (problem !== undefined) throw wrong(`its ${what} is ${JSON.stringify(shown(text))}: ${problem}`);
  }
  return { ...raw, port };
}

function inOrder(workers: WorkerConfig[], wrong: Wrong): WorkerConfig[] {
  const sorted = workers.toSorted((a, b) => a.port - b.port);
  const twice = sorted.find(({ port }, index) => sorted[index + 1]?.port === port);
  if (twice) throw wrong(`two workers have port ${twice.port}`);
  return sorted;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
