/** `alps-agent install`: puts the one file, its service and its folders in place, or a newer file in place of an older one. */

import { basename, dirname, join, resolve } from "node:path";
import { FailedError, NotPossibleError } from "../cli/errors.ts";
import { ownFile, readAsset } from "../ffi/assets.ts";
import { osReason } from "../ffi/errors.ts";
import { CONFIG, EXECUTABLE, exists, STATE, UNIT } from "./places.ts";

/** What to install; replaced in tests. */
export interface Product {
  /** The one file; undefined where this program is none. */
  readonly executable: string | undefined;
  readonly unit: Uint8Array;
  readonly config: Uint8Array;
}

/** This program. */
export function thisProgram(): Product {
  return {
    executable: ownFile(),
    unit: readAsset("deploy/alps-agent.service"),
    config: readAsset("deploy/agent.json"),
  };
}

/**
 * Installs below `root`. What is there is replaced as a whole: an agent that runs goes on as it is, with all that it has
 * changed, until it is restarted. Its configuration and its state stay.
 *
 * @param print takes lines that say what was done, and what is left to do
 * @throws NotPossibleError where this program is not one file, FailedError naming the place that cannot be written
 */
export function install(
  root: string,
  print: (line: string) => void,
  product: Product = thisProgram(),
): number {
  if (product.executable === undefined) {
    throw new NotPossibleError(
      "only the one file can be installed, and this runs from its source",
      "make it with `deno task compile`, then run dist/alps-agent install",
    );
  }
  root = resolve(root);
  const at = (place: string) => join(root, place);
  const wasThere = exists(at(EXECUTABLE));
  for (const folder of [EXECUTABLE, UNIT, CONFIG].map(dirname).concat(STATE)) makeFolder(at(folder));
  if (isSameFile(product.executable, at(EXECUTABLE))) print(`${at(EXECUTABLE)} is this program already`);
  else {
    writeWhole(at(EXECUTABLE), 0o755, (file) => Deno.copyFileSync(product.executable!, file));
    print(`wrote ${at(EXECUTABLE)}`);
  }
  writeWhole(at(UNIT), 0o644, (file) => Deno.writeFileSync(file, product.unit));
  print(`wrote ${at(UNIT)}`);
  if (exists(at(CONFIG))) print(`kept  ${at(CONFIG)}`);
  else {
    writeWhole(at(CONFIG), 0o644, (file) => Deno.writeFileSync(file, product.config));
    print(`wrote ${at(CONFIG)}: say there which processes are functions`);
  }
  const service = basename(UNIT, ".service");
  if (root === "/") {
    print(
      wasThere
        ? `An agent that runs goes on as it is; the new one takes over with: systemctl daemon-reload && systemctl restart ${service}`
        : `Start it now and at every boot with: systemctl daemon-reload && systemctl enable --now ${service}`,
    );
  }
  return 0;
}

function makeFolder(path: string): void {
  try {
    Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
  } catch (error) {
    throw new FailedError(`cannot make the folder ${path}: ${osReason(error)}`);
  }
}

/** Writes a file beside its place and moves it there: whoever has the old one open or runs it keeps it. */
function writeWhole(path: string, mode: number, write: (unfinished: string) => void): void {
  const unfinished = join(dirname(path), `.${basename(path)}.${Deno.pid}`);
  try {
    write(unfinished);
    Deno.chmodSync(unfinished, mode);
    using file = Deno.openSync(unfinished);
    file.syncSync();
    Deno.renameSync(unfinished, path);
  } catch (error) {
    try {
      Deno.removeSync(unfinished);
    } catch {
      // It was not made.
    }
    throw new FailedError(`cannot write ${path}: ${osReason(error)}`);
  }
}

function isSameFile(one: string, other: string): boolean {
  try {
    const a = Deno.statSync(one), b = Deno.statSync(other);
    return a.dev === b.dev && a.ino === b.ino;
  } catch {
    return false;
  }
}
