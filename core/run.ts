/** `alps-agent run`: starts everything, waits for a signal, puts everything back. */

import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import { createApp } from "../api/app.ts";
import { type RunningServer, startServer } from "../api/server.ts";
import { readTokenFile } from "../api/token_file.ts";
import { formatHostPort } from "../api/address.ts";
import type { RunOptions } from "../cli/options.ts";
import { FUNCTION_FILE_NAME } from "../learn/store/function_file.ts";
import { userIds } from "./users.ts";
import { readWorkerConfig } from "../observe/discover/worker_config.ts";
import { requireObservable } from "../observe/kernel_features.ts";
import { Agent } from "./agent.ts";
import { AgentJournal } from "./agent_journal.ts";
import { chooseBackend } from "./backend_choice.ts";
import { AgentLock, LOCK_PATH } from "./lock.ts";
import { configureLog } from "./log.ts";
import { restoreMachine, restoreSummary } from "./restore.ts";
import { leftRecord, RunRecord } from "./run_record.ts";
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
  configureLog(options.logLevel, options.logFormat);
  const signal = stopSignal();
  await using resources = new AsyncDisposableStack();
  resources.defer(signal.forget);
  const switched = switchSignal();
  resources.defer(switched.forget);
  const token = options.tokenFile === undefined ? undefined : await readTokenFile(options.tokenFile);
  if (token?.warning) log.warning("{warning}", { warning: token.warning });
  const { backend: wanted, why } = chooseBackend(options.backend);
  const journal = wanted === "none" ? undefined : await prepareEnforcing(options.state, resources);
  const backend = journal && journal.fd === undefined ? "none" : wanted;
  const { alpha, beta, gamma, theta, unpred, overload } = options;
  const workers = options.openlambda.map(readWorkerConfig);
  const agent = resources.use(
    await Agent.start({
      version,
      ml: options.ml,
      finetune: { alpha, beta, gamma, thetaPercent: theta, unpredictability: !unpred, overload: !overload },
      epochS: options.epochS,
      maxWaitS: options.maxWaitS ?? 5,
      backend,
      orStock: options.backend === "auto",
      journalFd: journal?.fd,
      notEnforcing: journal?.notEnforcing,
      learnedFile: join(options.state, FUNCTION_FILE_NAME),
      rules: options.rules,
      functionIds: new Map(workers.map(({ functionName, id }) => [functionName, id])),
      discovery: options.discover === "auto" ? { ...options, workers, env: Deno.env.toObject() } : undefined,
      exclude: { ...options.exclude, users: userIds(options.exclude.users) },
      expResult: options.expResult,
    }),
  );
  switched.agent = agent;
  resources.defer(() => switched.agent = undefined);
  const security = { socketPath: options.socket, ...(token && { token: token.token }) };
  const server: RunningServer = resources.use(
    await startServer({
      app: createApp(agent.view, { security }),
      listen: formatHostPort({ hostname: options.listen.host, port: options.listen.port }),
      socketPath: options.socket,
    }),
  );
  if (wanted !== "none") {
    recordRun(resources, options.state, { version, backend, server, socket: options.socket });
  }
  if (why !== undefined && backend !== "none") log.info("backend {backend}: {why}", { backend, why });
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

/**
 * Takes the lock, undoes what an agent before has left behind, and opens the journal. When `resources` are closed, the
 * same is done for what this agent could not put back itself, and the lock is given up last.
 */
async function prepareEnforcing(state: string, resources: AsyncDisposableStack): Promise<AgentJournal> {
  resources.use(await AgentLock.take(LOCK_PATH));
  const before = leftRecord(state), report = restoreMachine(state), summary = restoreSummary(report);
  if (before) {
    log.warning("the agent before (pid {pid}, started {started}) did not end properly: {what}", {
      pid: before.pid,
      started: before.started,
      what: summary ?? "nothing was left to put back",
    });
  } else if (summary) log.warning("an agent before did not end properly: {what}", { what: summary });
  for (const problem of report.problems) log.warning("{problem}", { problem });
  const journal = AgentJournal.open(state);
  for (const problem of journal.problems) log.warning("{problem}", { problem });
  if (journal.notEnforcing) log.error("{reason}", { reason: journal.notEnforcing });
  resources.defer(() => {
    journal[Symbol.dispose]();
    const what = restoreSummary(restoreMachine(state));
    if (what) log.warning("the event thread could not put everything back: {what}", { what });
  });
  return journal;
}

/** Writes the record of this run. The agent does without one where the folder does not take it. */
function recordRun(
  resources: AsyncDisposableStack,
  folder: string,
  { version, backend, server, socket }: {
    version: string;
    backend: string;
    server: RunningServer;
    socket: string;
  },
): void {
  const started = rfc3339(nowUs()), url = server.url ?? "";
  try {
    resources.use(RunRecord.write(folder, { pid: Deno.pid, version, started, backend, url, socket }));
  } catch (error) {
    log.warning("{problem}: other programs do not find this agent by itself", {
      problem: error instanceof Error ? error.message : String(error),
    });
  }
}

/**
 * SIGUSR1 switches enforcement off where it is on, and on where it is off. Before there is an agent, and while it ends, it has no
 * effect: without a listener it would end the process.
 */
function switchSignal(): { agent: Agent | undefined; forget: () => void } {
  const listener = () => {
    const { agent } = switched;
    if (!agent) {
      log.warning("SIGUSR1 has no effect while the agent starts or ends");
      return;
    }
    agent.view.setEnforcement(!agent.view.enforcement().enabled).catch((error) =>
      log.error("SIGUSR1: {error}", { error: error instanceof Error ? error.message : String(error) })
    );
  };
  const switched: ReturnType<typeof switchSignal> = {
    agent: undefined,
    forget: () => Deno.removeSignalListener("SIGUSR1", listener),
  };
  Deno.addSignalListener("SIGUSR1", listener);
  return switched;
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
