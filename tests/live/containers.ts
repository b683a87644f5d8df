/**
 * Real containers for the live tests: Debian's Docker engine and containerd, started by the test in folders of its own and
 * ended with it. The image is made here, from one static program.
 */

import { SetupError } from "../../scripts/command.ts";
import { CONTAINER_NEEDS, ensurePackages } from "../../scripts/packages.ts";
import type { Place } from "./agent_process.ts";
import { nativeProgram } from "./build_native.ts";
import { sleep, whyNotLive } from "./lab.ts";

/** Why there can be no containers here, undefined where there can. */
export const whyNoContainers: string | undefined = whyNotLive ?? await (async () => {
  try {
    await ensurePackages(CONTAINER_NEEDS);
    return undefined;
  } catch (error) {
    if (error instanceof SetupError) return error.message.replaceAll("\n", " ");
    throw error;
  }
})();

if (whyNoContainers && !whyNotLive) console.log(`skip: ${whyNoContainers}`);

/** What a container is started with. */
export interface ContainerOptions {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Passed to the engine as they are. */
  readonly options?: readonly string[];
}

/** A container that serves requests over a socket. */
export class Served {
  constructor(readonly id: string, readonly socket: string) {}

  /** Sends a request of steps (see native/serve.c) and waits for its answer. */
  async request(steps: string): Promise<void> {
    using connection = await Deno.connect({ transport: "unix", path: this.socket });
    await connection.write(new TextEncoder().encode(`${steps}\n`));
    const got = await connection.read(new Uint8Array(1));
    if (got === null) throw new Error(`container ${this.id} did not answer`);
  }

  /** Waits until it takes requests. */
  async ready(): Promise<this> {
    for (let left = 400;; left--) {
      try {
        await this.request("w0");
        return this;
      } catch (error) {
        if (left === 0) throw error;
        await sleep(25);
      }
    }
  }
}

/** Runs a command to its end; its output. */
export async function output(command: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command[0]!, {
    args: command.slice(1),
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (!success) throw new Error(`${command.join(" ").slice(0, 200)}: ${text(stderr)}`);
  return text(stdout);
}

/** A daemon of a test's own. */
class Daemon {
  #process: Deno.ChildProcess | undefined;

  constructor(readonly command: string[], readonly log: string) {}

  /** Starts it, and waits until `probe` succeeds. */
  async start(probe: () => Promise<unknown>): Promise<void> {
    const [program = "", ...args] = this.command;
    this.#process = new Deno.Command("/bin/sh", {
      args: ["-c", 'exec "$@" >> "$0" 2>&1', this.log, program, ...args],
      stdin: "null",
    }).spawn();
    for (let left = 600;; left--) {
      try {
        await probe();
        return;
      } catch (error) {
        if (left === 0) throw new Error(`${error}; ${await Deno.readTextFile(this.log)}`);
        await sleep(50);
      }
    }
  }

  async stop(signal: Deno.Signal): Promise<void> {
    this.#process?.kill(signal);
    await this.#process?.status;
    this.#process = undefined;
  }
}

/** Removes cgroups that runtimes have left behind in all hierarchies: empty ones, from the innermost outwards. */
export async function removeCgroups(...paths: string[]): Promise<void> {
  const mounts = (await Deno.readTextFile("/proc/self/mountinfo")).split("\n")
    .filter((line) => / - cgroup2? /.test(line)).map((line) => line.split(" ")[4]!);
  const remove = (folder: string) => {
    try {
      for (const { name, isDirectory } of Deno.readDirSync(folder)) {
        if (isDirectory) remove(`${folder}/${name}`);
      }
      Deno.removeSync(folder);
    } catch {
      // not there, or another's
    }
  };
  for (const mount of mounts) for (const path of paths) remove(mount + path);
}

/** Folder for sockets that containers make. */
async function socketFolder(place: Place): Promise<string> {
  const folder = `${place.folder}/sockets`;
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

/** A folder with the one program of the image, `/serve`. */
async function rootFileSystem(place: Place): Promise<string> {
  const folder = `${place.folder}/rootfs`;
  await Deno.mkdir(`${folder}/sockets`, { recursive: true });
  await Deno.copyFile(await nativeProgram("serve"), `${folder}/serve`);
  return folder;
}

/** A Docker engine whose /run is the place's. */
export class Docker implements AsyncDisposable {
  #names = 0;
  readonly #containers = new Set<string>();

  private constructor(readonly place: Place, readonly socket: string, readonly daemon: Daemon) {}

  static async start(place: Place): Promise<Docker> {
    const socket = `${place.folder}/run/docker.sock`, folder = `${place.folder}/docker`;
    // No network: nothing of this machine's is changed.
    const command = [
      ...["dockerd", "--iptables=false", "--bridge=none", "--live-restore", "--host", `unix://${socket}`],
      ...["--data-root", `${folder}/data`, "--exec-root", "/run/docker", "--pidfile", `${folder}/pid`],
    ];
    await Deno.mkdir(folder);
    const daemon = new Daemon(place.inside(command), `${place.folder}/dockerd.log`);
    const docker = new Docker(place, socket, daemon);
    await docker.startDaemon();
    const archive = `${place.folder}/image.tar`;
    await output(["tar", "-C", await rootFileSystem(place), "-cf", archive, "."]);
    await docker.cli("import", archive, "alps-test");
    return docker;
  }

  startDaemon(): Promise<void> {
    return this.daemon.start(() => this.cli("version"));
  }

  stopDaemon(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    return this.daemon.stop(signal);
  }

  cli(...args: string[]): Promise<string> {
    return output(["docker", "--host", `unix://${this.socket}`, ...args]);
  }

  /** Starts a container that serves requests. */
  async serve({ name, labels = {}, env = {}, options = [] }: ContainerOptions): Promise<Served> {
    const socket = `s${++this.#names}`, folder = await socketFolder(this.place);
    const id = await this.cli(
      ...["run", "--detach", "--network", "none", "--volume", `${folder}:/sockets`],
      ...name === undefined ? [] : ["--name", name],
      ...Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]),
      ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...options,
      ...["alps-test", "/serve", "-u", `/sockets/${socket}`],
    );
    this.#containers.add(id);
    return new Served(id, `${folder}/${socket}`);
  }

  async remove({ id }: Served): Promise<void> {
    await this.cli("rm", "--force", id);
    this.#containers.delete(id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#containers.size > 0) await this.cli("rm", "--force", ...this.#containers).catch(() => {});
    await this.stopDaemon();
    await removeCgroups("/docker");
  }
}

/** A containerd whose /run is the place's. */
export class Containerd implements AsyncDisposable {
  readonly #containers: [namespace: string, id: string][] = [];
  #namespaces = new Set<string>();

  private constructor(readonly place: Place, readonly socket: string, readonly daemon: Daemon) {}

  static async start(place: Place): Promise<Containerd> {
    const socket = `${place.folder}/run/containerd/containerd.sock`, folder = `${place.folder}/containerd`;
    await Deno.mkdir(folder);
    const config = `${folder}/config.toml`;
    await Deno.writeTextFile(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const command = [
      "containerd",
      "--config",
      config,
      "--root",
      `${folder}/root`,
      "--state",
      "/run/containerd",
    ];
    const daemon = new Daemon(place.inside(command), `${place.folder}/containerd.log`);
    const containerd = new Containerd(place, socket, daemon);
    await rootFileSystem(place);
    await containerd.startDaemon();
    return containerd;
  }

  startDaemon(): Promise<void> {
    return this.daemon.start(() => this.ctr("default", "version"));
  }

  stopDaemon(): Promise<void> {
    return this.daemon.stop("SIGTERM");
  }

  ctr(namespace: string, ...args: string[]): Promise<string> {
    return output(this.place.inside(["ctr", "--namespace", namespace, ...args]));
  }

  /** Starts a container that serves requests. */
  async serve(
    namespace: string,
    id: string,
    { labels = {}, env = {}, options = [] }: ContainerOptions = {},
  ): Promise<Served> {
    const socket = `${namespace}-${id}`.slice(0, 60), folder = await socketFolder(this.place);
    await this.ctr(
      namespace,
      ...["run", "--detach", "--rootfs", "--mount", `type=bind,src=${folder},dst=/sockets,options=rbind:rw`],
      ...Object.entries(labels).flatMap(([key, value]) => ["--label", `${key}=${value}`]),
      ...Object.entries(env).flatMap(([key, value]) => ["--env", `${key}=${value}`]),
      ...options,
      ...[`${this.place.folder}/rootfs`, id, "/serve", "-u", `/sockets/${socket}`],
    );
    this.#containers.push([namespace, id]);
    return new Served(id, `${folder}/${socket}`);
  }

  /** Ends and removes every container that was started here. */
  async removeAll(): Promise<void> {
    for (const [namespace, id] of this.#containers) {
      await this.ctr(namespace, "task", "rm", "--force", id).catch(() => {});
      await this.ctr(namespace, "container", "rm", id).catch(() => {});
    }
    this.#namespaces = new Set([
      ...this.#namespaces,
      ...this.#containers.map(([namespace]) => `/${namespace}`),
    ]);
    this.#containers.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.removeAll();
    await this.stopDaemon();
    await removeCgroups(...this.#namespaces, "/kubepods", `/alps-test-${Deno.pid}`);
  }
}
