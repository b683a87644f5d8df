/**
 * `alps-agent host`: a small FaaS host for demos, tests and benchmarks.
 */
import { formatHostPort, parseListen, ServerError } from "../api/address.ts";
import { oneLine } from "../observe/names.ts";
import { createHostApp } from "./app.ts";
import { FunctionCgroups } from "./cgroups.ts";
import { type Commands, CommandsError, readCommands } from "./commands.ts";
import { ForkServer, ForkServerError } from "./forkserver.ts";
import { readAsset } from "../ffi/assets.ts";
import { NotSupportedError } from "../ffi/errors.ts";
import { MemoryFile } from "../ffi/memory_file.ts";
import { readWorkerList, readWorkspace, WorkerConfigError } from "../observe/discover/worker_config.ts";
import { followFile, Workers } from "./workers.ts";

export interface HostOptions {
  /** `HOST:PORT`; port 0 is any free one. Undefined: only workers are served. */
  listen?: string | undefined;
  /** A workspace of OpenLambda's workers as ALPS configures them, each served on its port. */
  openlambda?: string | undefined;
  /** A file of such workers, followed while it is served. */
  functions?: string | undefined;
  /** A file of programs to serve as functions, see {@link readCommands}. */
  commands?: string;
  /** Functions are served by processes that stay up; commands still get a process each. */
  warm?: boolean;
  /** Each function's invocations in a cgroup of their own. */
  cgroups?: boolean;
  /** Each invocation in a session of its own. */
  sessions?: boolean;
  /** A named pipe, read by somebody, that is told which process does which invocation. */
  announce?: string;
  /** Factor of the embedded functions' work. */
  work?: number;
}

/** A host that answers. */
export interface RunningHost extends AsyncDisposable {
  /** `http://ADDR:PORT`; the first worker's where only workers are served. */
  readonly url: string;
  /** The workers' addresses. */
  readonly workerUrls: readonly string[];
  /** The native parent's process id. */
  readonly parentPid: number;
  /** Resolves when the native parent has ended: with undefined after {@link stop}, otherwise with the reason. */
  readonly ended: Promise<Error | undefined>;
  /** Stops accepting, ends every invocation under way (their requests get 503), and the native parent. */
  stop(): Promise<void>;
}

/** The native parent's executable in memory, from the first start of it to the end of this process. */
let hostBinary: MemoryFile | undefined;

/** A path that starts the native parent, which `deno task build` makes. */
export function hostBinaryPath(): string {
  hostBinary ??= new MemoryFile("alps-functions", readAsset("host/alps-functions"));
  return hostBinary.path;
}

/**
 * Starts a host; it answers when the promise resolves.
 *
 * @throws {ServerError} for an address that it cannot listen on, {@link CommandsError} for a wrong commands file,
 * {@link ForkServerError} where the native parent does not start, {@link NotSupportedError} where there can be no cgroups:
 * each a line to be shown
 */
export async function startHost(options: HostOptions): Promise<RunningHost> {
  const listen = options.listen === undefined ? undefined : parseListen(options.listen);
  const given = [
    ...options.openlambda === undefined ? [] : readWorkspace(options.openlambda),
    ...options.functions === undefined ? [] : readWorkerList(options.functions),
  ];
  const commands: Commands = options.commands === undefined
    ? new Map()
    : await readCommands(options.commands);
  const { warm = false, sessions = false, announce, work = 1 } = options;
  const cgroups = options.cgroups ? await FunctionCgroups.make() : undefined;
  const removeCgroups = async () => await cgroups?.[Symbol.asyncDispose]();
  let forkServer: ForkServer;
  try {
    forkServer = await ForkServer.start(hostBinaryPath(), { warm, sessions, announce, work });
  } catch (error) {
    await removeCgroups();
    throw error;
  }
  const workers = new Workers(({ name, functionName }) =>
    createHostApp(forkServer, commands, () => cgroups?.joinFileOfWorker(name), functionName)
  );
  let server: Deno.HttpServer<Deno.NetAddr> | undefined, unfollow = async () => {};
  const stop = async (): Promise<void> => {
    await unfollow();
    const drained = Promise.all([server?.shutdown(), workers[Symbol.asyncDispose]()]);
    await forkServer.close();
    await drained;
    await removeCgroups();
  };
  try {
    if (listen) {
      const app = createHostApp(forkServer, commands, (name) => cgroups?.joinFileOf(name));
      const { hostname, port } = listen;
      server = Deno.serve({ hostname, port, onListen: () => {} }, (request) => app.fetch(request));
    }
    await workers.serve(given);
    if (options.functions !== undefined) {
      const fixed = options.openlambda === undefined ? [] : readWorkspace(options.openlambda);
      const read = (path: string) => [...fixed, ...readWorkerList(path)];
      unfollow = followFile(options.functions, workers, read, (text) => console.error(oneLine(text, 4000)));
    }
  } catch (error) {
    await stop();
    throw error instanceof ServerError ? error : listenError(options.listen ?? "", error);
  }
  return {
    url: server ? `http://${formatHostPort(server.addr)}` : workers.urls[0] ?? "",
    get workerUrls() {
      return workers.urls;
    },
    parentPid: forkServer.pid,
    ended: forkServer.ended,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Runs a host until SIGINT or SIGTERM; prints `listening on URL` on standard output once it answers.
 *
 * @returns the exit status: 0 after a signal; 1 where it could not start or its native parent died, 2 for a malformed
 * address and 3 where this machine has no cgroups for it, after one line on standard error
 */
export async function runHost(options: HostOptions): Promise<number> {
  const signalled = Promise.withResolvers<void>();
  const onSignal = () => signalled.resolve();
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  try {
    await using host = await startHost(options);
    for (const url of new Set([host.url, ...host.workerUrls])) console.log(`listening on ${url}`);
    const failure = await Promise.race([signalled.promise, host.ended]);
    if (!failure) return 0;
    console.error(oneLine(failure.message, 4000));
    return 1;
  } catch (error) {
    if (!isExpected(error)) throw error;
    console.error(oneLine(error.message, 4000));
    if (error instanceof NotSupportedError) return 3;
    return error instanceof ServerError && error.reason === "address" ? 2 : 1;
  } finally {
    Deno.removeSignalListener("SIGINT", onSignal);
    Deno.removeSignalListener("SIGTERM", onSignal);
  }
}

function isExpected(error: unknown): error is Error {
  return [ServerError, CommandsError, ForkServerError, NotSupportedError, WorkerConfigError].some((type) =>
    error instanceof type
  );
}

function listenError(listen: string, error: unknown): ServerError {
  if (error instanceof Deno.errors.AddrInUse) {
    return new ServerError(
      "in_use",
      `cannot listen on ${listen}: the port is in use; choose another with --listen`,
    );
  }
  const why = error instanceof Error ? error.message : String(error);
  return new ServerError("failed", `cannot listen on ${listen}: ${why}`);
}
