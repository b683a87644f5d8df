/**
 * OpenLambda's workers as ALPS configures them, served by this host: each on its own port, where every request is its one
 * function's.
 */

import { type WorkerConfig, WorkerConfigError } from "../observe/discover/worker_config.ts";
import { ServerError } from "../api/address.ts";

/** Makes the application of a worker. */
export type WorkerApp = (worker: WorkerConfig) => { fetch(request: Request): Response | Promise<Response> };

/** Where workers listen, as OpenLambda's do. */
const HOSTNAME = "127.0.0.1";

/** How long a file is left alone after it has changed: editors write in several steps. */
const SETTLE_MS = 50;

/** The workers that are served now. */
export class Workers implements AsyncDisposable {
  readonly #servers = new Map<number, { worker: WorkerConfig; server: Deno.HttpServer }>();

  constructor(readonly appOf: WorkerApp) {}

  /** `http://127.0.0.1:PORT` of each, by port. */
  get urls(): string[] {
    return [...this.#servers.keys()].toSorted((a, b) => a - b).map((port) => `http://${HOSTNAME}:${port}`);
  }

  /**
   * Serves these and no others: those that are as before go on, requests under way at others are finished.
   * @throws {ServerError} where one cannot listen on its port; the others are served
   */
  async serve(workers: readonly WorkerConfig[]): Promise<void> {
    const wanted = new Map(workers.map((worker) => [worker.port, worker]));
    const gone = [...this.#servers].filter(([port, { worker }]) => !isSame(worker, wanted.get(port)));
    for (const [port] of gone) this.#servers.delete(port);
    await Promise.all(gone.map(([, { server }]) => server.shutdown()));
    const problems: ServerError[] = [];
    for (const worker of workers) {
      if (this.#servers.has(worker.port)) continue;
      try {
        this.#servers.set(worker.port, { worker, server: this.#listen(worker) });
      } catch (error) {
        if (!(error instanceof ServerError)) throw error;
        problems.push(error);
      }
    }
    if (problems[0]) throw problems[0];
  }

  #listen(worker: WorkerConfig): Deno.HttpServer {
    const app = this.appOf(worker), { port, functionName } = worker;
    try {
      return Deno.serve({ hostname: HOSTNAME, port, onListen: () => {} }, (request) => app.fetch(request));
    } catch (error) {
      const inUse = error instanceof Deno.errors.AddrInUse;
      const why = inUse ? "the port is in use" : error instanceof Error ? error.message : String(error);
      throw new ServerError(
        inUse ? "in_use" : "failed",
        `cannot serve function ${JSON.stringify(functionName)} on ${HOSTNAME}:${port}: ${why}`,
      );
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.serve([]);
  }
}

/**
 * Follows a file of functions: what is written into it is served, what is taken out is not any more.
 *
 * @param read the file's workers; throws {@link WorkerConfigError} where they cannot be used, and those before stay
 * @param problem is told, in one line, what could not be done
 * @returns what ends it
 */
export function followFile(
  path: string,
  workers: Workers,
  read: (path: string) => WorkerConfig[],
  problem: (text: string) => void,
): () => Promise<void> {
  // The folder: editors put another file in the place of the one that was there.
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".";
  const watcher = Deno.watchFs(folder, { recursive: false }), name = path.slice(path.lastIndexOf("/") + 1);
  let timer: ReturnType<typeof setTimeout> | undefined, last: Promise<void> = Promise.resolve();
  const take = async (): Promise<void> => {
    try {
      await workers.serve(read(path));
    } catch (error) {
      if (!(error instanceof WorkerConfigError || error instanceof ServerError)) throw error;
      problem(error.message);
    }
  };
  const watching = (async () => {
    for await (const { paths, kind } of watcher) {
      if (kind === "access" || !paths.some((each) => each.endsWith(`/${name}`))) continue;
      clearTimeout(timer);
      timer = setTimeout(() => last = last.then(take), SETTLE_MS);
    }
  })();
  return async () => {
    clearTimeout(timer);
    watcher.close();
    await watching;
    await last;
  };
}

function isSame(a: WorkerConfig, b: WorkerConfig | undefined): boolean {
  return b !== undefined && a.functionName === b.functionName && a.name === b.name && a.id === b.id;
}
