/** What a container engine of one's own does, whichever it is; and its image, which is made here from one static program. */
import { buildServe } from "./build.ts";
import type { Place } from "./place.ts";
import type { Served } from "./served.ts";

/** What a container is started with. */
export interface ContainerOptions {
  readonly name?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Passed to the engine as they are. */
  readonly options?: readonly string[];
}

/** An engine that runs containers which serve requests. */
export interface Engine extends AsyncDisposable {
  /** Starts a container of a function, told by the label `alps.function`; it may not take requests yet. */
  serveFunction(name: string, index: number): Promise<Served>;
}

/** Folder for sockets that containers make. */
export async function socketFolder(place: Place): Promise<string> {
  const folder = `${place.folder}/sockets`;
  await Deno.mkdir(folder, { recursive: true });
  return folder;
}

/** A folder with the one program of the image, `/serve`. */
export async function rootFileSystem(place: Place): Promise<string> {
  const folder = `${place.folder}/rootfs`;
  await Deno.mkdir(`${folder}/sockets`, { recursive: true });
  await Deno.copyFile(await buildServe(), `${folder}/serve`);
  return folder;
}
