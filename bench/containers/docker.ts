/** Debian's Docker engine, its folders and its socket a place's own. */
import { Daemon, output, removeCgroups } from "./daemon.ts";
import { type ContainerOptions, type Engine, rootFileSystem, socketFolder } from "./engine.ts";
import type { Place } from "./place.ts";
import { Served } from "./served.ts";

export class Docker implements Engine {
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
    try {
      await docker.startDaemon();
      const archive = `${place.folder}/image.tar`;
      await output(["tar", "-C", await rootFileSystem(place), "-cf", archive, "."]);
      await docker.cli("import", archive, "alps-test");
    } catch (error) {
      await docker.stopDaemon();
      throw error;
    }
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

  serveFunction(name: string): Promise<Served> {
    return this.serve({ labels: { "alps.function": name } });
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
