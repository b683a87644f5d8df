/** Debian's containerd, its folders and its socket a place's own. */
import { Daemon, output, removeCgroups } from "./daemon.ts";
import { type ContainerOptions, type Engine, rootFileSystem, socketFolder } from "./engine.ts";
import type { Place } from "./place.ts";
import { Served } from "./served.ts";

export class Containerd implements Engine {
  readonly #containers: [namespace: string, id: string][] = [];
  #namespaces = new Set<string>();

  private constructor(readonly place: Place, readonly socket: string, readonly daemon: Daemon) {}

  static async start(place: Place): Promise<Containerd> {
    const socket = `${place.folder}/run/containerd/containerd.sock`, folder = `${place.folder}/containerd`;
    await Deno.mkdir(folder);
    const config = `${folder}/config.toml`;
    await Deno.writeTextFile(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const command = [
      ...["containerd", "--config", config],
      ...["--root", `${folder}/root`, "--state", "/run/containerd"],
    ];
    const daemon = new Daemon(place.inside(command), `${place.folder}/containerd.log`);
    const containerd = new Containerd(place, socket, daemon);
    await rootFileSystem(place);
    try {
      await containerd.startDaemon();
    } catch (error) {
      await containerd.stopDaemon();
      throw error;
    }
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

  serveFunction(name: string, index: number): Promise<Served> {
    return this.serve("default", `${name}-${index}`, { labels: { "alps.function": name } });
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
