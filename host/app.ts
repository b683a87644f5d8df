/**
 * The host's HTTP interface: `POST /run/FUNCTION` runs a function in a process of its own and answers when it has ended.
 */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { constants } from "node:os";
import { escaped } from "../observe/names.ts";
import { type FieldError, PROBLEM_TITLES, type ProblemStatus, show } from "../api/problem.ts";
import { commandFor, type Commands } from "./commands.ts";
import { type ForkServer, ForkServerError, InvocationRefused } from "./forkserver.ts";
import type { InvocationReply, JobInfo } from "./reply.ts";
import { parseRunRequest, RequestError, type RunRequest } from "./request.ts";

/** What the application needs of the native parent. */
export type Runner = Pick<ForkServer, "run" | "exec" | "jobs" | "failure" | "pid">;

/** Largest body, in bytes. */
const BODY_MOST = 64 * 1024;

const RUN = "/run/";

/** What an error's answer has besides its status and detail. */
interface ProblemMembers {
  errors?: FieldError[];
  pid?: number;
  cpu_us?: number;
  signal?: string;
  exit_status?: number;
}

/**
 * Makes the application.
 * @param joinFileOf the file by which a function's processes join their cgroup; called only for what is going to run
 * @param served the one function that all requests are for, whatever their paths say
 */
export function createHostApp(
  runner: Runner,
  commands: Commands = new Map(),
  joinFileOf: (functionName: string) => string | undefined = () => undefined,
  served?: string,
): Hono {
  const app = new Hono();
  const jobs = new Map(runner.jobs.map((job) => [job.name, job]));

  app.get(
    "/healthz",
    (c) =>
      runner.failure ? problem(c, 503, runner.failure.message) : c.json({ status: "ok", pid: runner.pid }),
  );

  app.get("/functions", (c) =>
    c.json({
      jobs: runner.jobs.map((job) => ({ name: job.name, n_least: job.nLeast, n_most: job.nMost })),
      commands: [...commands].map(([name, argv]) => ({ name, argv })),
    }));

  const limit = bodyLimit({
    maxSize: BODY_MOST,
    onError: (c) => problem(c, 413, `the body must be at most ${BODY_MOST} bytes`),
  });
  // A length that is known needs no look at the body as a stream, which would cost 20 us a request.
  app.use(
    `${RUN}*`,
    (c, next) => Number(c.req.header("Content-Length") ?? NaN) <= BODY_MOST ? next() : limit(c, next),
  );
  app.post(`${RUN}*`, async (c) => {
    const asked = parseRunRequest(rawPath(c.req.raw).slice(RUN.length), await c.req.text());
    const request = served === undefined ? asked : { ...asked, function: served };
    const command = commands.get(request.function);
    const joinFile = () => joinFileOf(request.function);
    if (command) {
      const argv = commandFor(command, request.n);
      return answer(
        c,
        request,
        await runner.exec({ argv, joinFile: joinFile(), function: request.function }),
      );
    }
    const job = jobs.get(request.job);
    if (!job) return problem(c, 404, unknownJob(request, jobs, commands));
    checkRange(job, request.n);
    return answer(c, request, await runner.run({ ...request, joinFile: joinFile() }));
  });

  app.notFound((c) =>
    problem(c, 404, `there is no ${c.req.method} ${show(rawPath(c.req.raw))}; wanted POST /run/NAME`)
  );
  app.onError((error, c) => {
    if (error instanceof RequestError) return problem(c, 400, error.message, { errors: error.errors });
    if (error instanceof ForkServerError) return problem(c, 503, error.message);
    if (!(error instanceof InvocationRefused)) return problem(c, 500, String(error));
    return error.pid === 0
      ? problem(c, 503, error.message)
      : problem(c, 500, error.message, { pid: error.pid });
  });
  return app;
}

/** The path as it was sent; Hono decodes a part of the escapes, and the name's could then be decoded twice. */
function rawPath(request: Request): string {
  const begin = request.url.indexOf("/", request.url.indexOf("://") + 3);
  const end = request.url.slice(begin).search(/[?#]/);
  return end < 0 ? request.url.slice(begin) : request.url.slice(begin, begin + end);
}

function answer(c: Context, request: RunRequest, reply: InvocationReply): Response {
  const { pid, cpuUs, status, signal, result } = reply;
  const members = { pid, cpu_us: cpuUs };
  if (signal !== null) {
    const name = signalName(signal);
    return problem(c, 500, `process ${pid} was ended by ${name}`, { ...members, signal: name });
  }
  if (status !== 0 && status !== null) {
    return problem(c, 500, `process ${pid} ended with status ${status}`, { ...members, exit_status: status });
  }
  return json(c, 200, { function: request.function, id: request.id, job: request.job, ...members, result });
}

function checkRange({ name, nLeast, nMost }: JobInfo, n: number): void {
  if (n >= nLeast && n <= nMost) return;
  throw new RequestError([{ field: "n", message: `must be ${nLeast} to ${nMost} for ${name}, not ${n}` }]);
}

function unknownJob(
  { function: name, job }: RunRequest,
  jobs: Map<string, JobInfo>,
  commands: Commands,
): string {
  const programs = commands.size > 0 ? `, and no command ${show(name)}` : "";
  return `there is no job ${show(job)}${programs}; the jobs are ${[...jobs.keys()].join(", ")}`;
}

function signalName(number: number): string {
  const known = Object.entries(constants.signals).find(([, value]) => value === number);
  return known?.[0] ?? `signal ${number}`;
}

function problem(c: Context, status: ProblemStatus, detail: string, members: ProblemMembers = {}): Response {
  const document = { type: "about:blank", title: PROBLEM_TITLES[status], status, detail, ...members };
  return json(c, status, document, "application/problem+json");
}

/** An answer that a terminal can show, whatever the names in it. */
function json(
  c: Context,
  status: 200 | ProblemStatus,
  document: object,
  type = "application/json",
): Response {
  return c.body(escaped(JSON.stringify(document)), status, { "Content-Type": type });
}
