/**
 * The listeners of the HTTP interface: TCP, and a Unix socket for those who may write.
 */
import { dirname, resolve } from "node:path";
import { formatHostPort, type HostPort, parseListen, ServerError } from "./address.ts";
import type { Connection } from "./security.ts";
import { freeSocketPath } from "./socket_path.ts";

export { parseListen, ServerError } from "./address.ts";

/** Who may connect to the Unix socket: its owner and group. */
export const SOCKET_MODE = 0o660;

export interface ServerOptions {
  /** The application ({@link createApp}). */
  readonly app: {
    fetch(request: Request, bindings: { connection: Connection }): Response | Promise<Response>;
  };
  /** `HOST:PORT` or `[IPV6]:PORT`; without it no TCP. Port 0 lets the kernel choose. */
  readonly listen?: string;
  /** Where the Unix socket goes; without it none. */
  readonly socketPath?: string;
  /** How long {@link RunningServer.stop} waits for answers under way, in milliseconds. Default 1000. */
  readonly graceMs?: number;
}

export interface RunningServer extends AsyncDisposable {
  /** The real address, where it listens on TCP. */
  readonly address?: HostPort;
  /** The real address as `http://HOST:PORT`. */
  readonly url?: string;
  readonly socketPath?: string;
  /** Closes both and removes the socket file. May be called twice. */
  stop(): Promise<void>;
}

interface Listener {
  close(): Promise<void>;
}

/**
 * Opens the listeners. Either all of them are open when it returns, or none.
 *
 * @throws {ServerError} of one line: bad address, port or socket in use, no permission.
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const graceMs = options.graceMs ?? 1000;
  const listen = options.listen === undefined ? undefined : parseListen(options.listen);
  const listeners: Listener[] = [];
  let stopped: Promise<void> | undefined;
  const stop = () => stopped ??= Promise.all(listeners.map((one) => one.close())).then(() => {});
  try {
    const tcp = listen && openTcp(options.app, listen, graceMs);
    if (tcp) listeners.push(tcp);
    const unix = options.socketPath === undefined
      ? undefined
      : await openUnix(options.app, options.socketPath, graceMs);
    if (unix) listeners.push(unix);
    return {
      ...(tcp && { address: tcp.address, url: `http://${formatHostPort(tcp.address)}` }),
      ...(unix && { socketPath: unix.path }),
      stop,
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function openTcp(
  app: ServerOptions["app"],
  listen: HostPort,
  graceMs: number,
): Listener & { address: HostPort } {
  let connection: Connection | undefined;
  try {
    const server = Deno.serve({ ...listen, onListen() {} }, (request) => {
      // Set below, before the first request can be read: without it the application trusts nobody.
      return connection ? app.fetch(request, { connection }) : new Response(null, { status: 503 });
    });
    const { hostname, port } = server.addr;
    connection = { transport: "tcp", listenHost: listen.hostname, boundAddress: hostname };
    return { address: { hostname, port }, close: () => closeGently(server, graceMs) };
  } catch (error) {
    throw cannotListen(formatHostPort(listen), error);
  }
}

async function openUnix(
  app: ServerOptions["app"],
  socketPath: string,
  graceMs: number,
): Promise<Listener & { path: string }> {
  const path = resolve(socketPath);
  const temporary = `${dirname(path)}/.alps-${Deno.pid}`;
  const connection: Connection = { transport: "unix" };
  try {
    Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    await freeSocketPath(path);
    await freeSocketPath(temporary);
    // Bound under another name and renamed once its mode is right: nobody finds it before, and at its end Deno removes
    // the name that it knows, not a socket that another agent may have put in its place.
    const server = Deno.serve(
      { path: temporary, onListen() {} },
      (request) => app.fetch(request, { connection }),
    );
    try {
      Deno.chmodSync(temporary, SOCKET_MODE);
      Deno.renameSync(temporary, path);
    } catch (error) {
      await server.shutdown();
      throw error;
    }
    const inode = Deno.lstatSync(path).ino;
    const close = async () => {
      removeOurs(path, inode);
      await closeGently(server, graceMs);
    };
    return { path, close };
  } catch (error) {
    throw error instanceof ServerError ? error : cannotListen(path, error);
  }
}

/** Stops listening at once, and waits for answers under way, but not for ever: a client may never send what it announced. */
async function closeGently(server: Deno.HttpServer<Deno.Addr>, graceMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((done) => timer = setTimeout(done, graceMs));
  await Promise.race([server.shutdown(), patience]);
  clearTimeout(timer);
  server.unref();
}

function removeOurs(path: string, inode: number | null): void {
  try {
    if (Deno.lstatSync(path).ino === inode) Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function cannotListen(where: string, error: unknown): ServerError {
  const because = (reason: ServerError["reason"], why: string) =>
    new ServerError(reason, `cannot listen on ${where}: ${why}`);
  if (error instanceof Deno.errors.AddrInUse) {
    return because("in_use", "another program listens there; stop it, or choose another port");
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return because("permission", "permission denied; wanted root");
  }
  if (error instanceof Deno.errors.AddrNotAvailable) {
    return because("address", "this machine does not have that address");
  }
  const message = error instanceof Error ? error.message : String(error);
  if (message.includes("lookup address")) return because("address", "the name has no address");
  return because("failed", message.replaceAll("\n", " "));
}
