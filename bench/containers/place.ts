/** A place for engines and agents of one's own, where they meet no others of this machine. */

/** A folder whose `run` takes the place of /run for what is started {@link Place.inside} it. */
export interface Place {
  readonly folder: string;
  /** The command that runs another one in a mount namespace of its own, in which /run is the place's. */
  inside(command: readonly string[]): string[];
}

/** See {@link Place.inside}. */
export function insidePlace(folder: string, command: readonly string[]): string[] {
  const bind = 'mount --bind "$0" /run && exec "$@"';
  return ["/usr/bin/unshare", "--mount", "/bin/sh", "-c", bind, `${folder}/run`, ...command];
}

/** A place that is removed with its contents. */
export class TemporaryPlace implements Place, AsyncDisposable {
  private constructor(readonly folder: string) {}

  static async make(prefix: string): Promise<TemporaryPlace> {
    const folder = await Deno.makeTempDir({ prefix });
    await Deno.mkdir(`${folder}/run`);
    return new TemporaryPlace(folder);
  }

  inside(command: readonly string[]): string[] {
    return insidePlace(this.folder, command);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
