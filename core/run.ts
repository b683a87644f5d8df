/** `alps-agent run`: starts everything, waits for a signal, puts everything back. */

import { getLogger } from "@logtape/logtape";
import { createApp } from "../api/app.ts";
import { type RunningServer, startServer } from "../api/server.ts";
import { readTokenFile } from "../api/token_file.ts";
import { formatHostPort } from "../api/address.ts";
import type { RunOptions } from "../cli/options.ts";
import { requireObservable } from "../observe/kernel_features.ts";
import { Agent } from "./agent.ts";
import { AgentLock, LOCK_PATH } from "./lock.ts";
import { configureLog } from "./log.ts";
import { RunRecord } from "./run_record.ts";
import { nowUs, rfc3339 } from "./wall_clock.ts";

const log = getLogger(["alps"]);

/**
 * Runs the agent until SIGTERM, SIGINT or SIGHUP. Prints `listening on http://ADDR:PORT` on standard output when it observes and
 * answers.
 * @returns exit status 0, or 1 where a part of it failed while it ran
 * @throws where it cannot start; nothing is left behind then
 */
export async function runAgent(options: RunOptions, version: string): Promise<number> {
  requireObservable();
  await configureLog(options.logLevel, options.logFormat);
  const signal = stopSignal();
  await using resources = new AsyncDisposableStack();
  resources.defer(signal.forget);
  const token = options.tokenFile === undefined ? undefined : await readTokenFile(options.tokenFile);
  if (token?.warning) log.warning("{warning}", { warning: token.warning });
  const backend = options.backend === "auto" ? "stock" : options.backend;
  if (backend !== "none") resources.use(await AgentLock.take(LOCK_PATH));
  const { alpha, beta, gamma, theta, unpred, overload } = options;
  const agent = resources.use(
    await Agent.start({
      version,
      ml: options.ml,
      finetune: { alpha, beta, gamma, thetaPercent: theta, unpredictability: !unpred, overload: !overload },
      epochS: options.epochS,
      maxWaitS: options.maxWaitS ?? 5,
      backend,
      rules: options.rules,
      expResult: options.expResult,
    }),
  );
  const security = { socketPath: options.socket, ...(token && { token: token.token }) };
  const server: RunningServer = resources.use(
    await startServer({
      app: createApp(agent, { security }),
      listen: formatHostPort({ hostname: options.listen.host, port: options.listen.port }),
      socketPath: options.socket,
    }),
  );
  if (backend !== "none") {
    resources.use(recordRun(options.state, { version, backend, server, socket: options.socket }));
  }
  if (options.backend === "auto") log.info("backend stock: the only one in this build that orders");
  log.info("backend {backend}, predictor {ml}, {rules} rules, writing through {socket}", {
    backend,
    ml: options.ml,
    rules: options.rules.length,
    socket: options.socket,
  });
  console.log(`listening on ${server.url}`);
  const reason = await Promise.race([signal.received, agent.failure.promise.then(() => undefined)]);
  if (reason) log.info("{signal}: putting everything back", { signal: reason });
  return reason ? 0 : 1;
}

/** Writes the record of this run, and tells where the agent before was killed. */
function recordRun(
  folder: string,
  { version, backend, server, socket }: {
    version: string;
    backend: string;
    server: RunningServer;
    socket: string;
  },
): RunRecord {
  const started = rfc3339(nowUs());
  const { record, left } = RunRecord.write(folder, {
    pid: Deno.pid,
    version,
    started,
    backend,
    url: server.url ?? "",
    socket,
  });
  if (left) {
    log.warning(
      "the agent before (pid {pid}, started {started}) was killed: functions that it had demoted then and that still run are in the idle class",
      { pid: left.pid, started: left.started },
    );
  }
  return record;
}

/** The first signal that asks it to stop; SIGHUP is what a closed terminal sends. */
function stopSignal(): { received: Promise<Deno.Signal>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<Deno.Signal>();
  const signals = (["SIGTERM", "SIGINT", "SIGHUP"] as const).map((name) => {
    const listener = () => resolve(name);
    Deno.addSignalListener(name, listener);
    return () => Deno.removeSignalListener(name, listener);
  });
  return { received: promise, forget: () => signals.forEach((forget) => forget()) };
}
