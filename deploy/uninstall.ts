/** `alps-agent uninstall`: takes away what `alps-agent install` has put in place, and what the agent left there. */

import { dirname, join, resolve } from "node:path";
import { ExitStatus, FailedError } from "../cli/errors.ts";
import { AgentLock, LOCK_PATH, LockedError } from "../core/lock.ts";
import { restoreMachine, restoreSummary } from "../core/restore.ts";
import { readAsset } from "../ffi/assets.ts";
import { osReason } from "../ffi/errors.ts";
import { CONFIG, ENABLED, EXECUTABLE, exists, STATE, UNIT } from "./places.ts";

/** What uninstalling needs besides files; replaced in tests. */
export interface Surroundings {
  /** The configuration as it was installed. */
  readonly config: () => Uint8Array;
  /** Puts back what a killed agent has left behind on this machine; says what, if anything. */
  readonly restore: (state: string) => string | undefined;
}

const surroundings: Surroundings = {
  config: () => readAsset("deploy/agent.json"),
  restore: (state) => restoreSummary(restoreMachine(state)),
};

/**
 * Uninstalls below `root`. A configuration that was changed stays. On the machine itself, what a killed agent has left
 * demoted is put back first: with its journal gone, nobody could.
 *
 * @throws FailedError while an agent runs there, and naming the place that cannot be removed
 */
export async function uninstall(
  root: string,
  print: (line: string) => void,
  { config, restore }: Surroundings = surroundings,
): Promise<number> {
  root = resolve(root);
  const at = (place: string) => join(root, place);
  using _lock = exists(at(LOCK_PATH)) ? await takeLock(at(LOCK_PATH)) : undefined;
  if (root === "/") {
    const summary = restore(STATE);
    if (summary !== undefined) print(summary);
  }
  for (const place of [ENABLED, UNIT, EXECUTABLE]) remove(at(place), print);
  if (isUnchanged(at(CONFIG), config)) remove(at(CONFIG), print);
  else if (exists(at(CONFIG))) print(`kept    ${at(CONFIG)}: it was changed`);
  removeIfEmpty(at(dirname(CONFIG)));
  remove(at(STATE), print);
  if (root === "/") print("Have systemd forget the service with: systemctl daemon-reload");
  return ExitStatus.done;
}

async function takeLock(path: string): Promise<AgentLock> {
  try {
    return await AgentLock.take(path);
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new FailedError(
      `cannot uninstall while an agent runs (pid ${error.pid}, lock ${error.path}): stop it first, as with ` +
        "systemctl disable --now alps-agent",
    );
  }
}

function remove(path: string, print: (line: string) => void): void {
  if (!exists(path)) return;
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    throw new FailedError(`cannot remove ${path}: ${osReason(error)}`);
  }
  print(`removed ${path}`);
}

function removeIfEmpty(folder: string): void {
  try {
    Deno.removeSync(folder);
  } catch {
    // Something is in it, or it is not there.
  }
}

function isUnchanged(path: string, config: () => Uint8Array): boolean {
  try {
    const found = Deno.readFileSync(path), shipped = config();
    return found.length === shipped.length && found.every((byte, i) => byte === shipped[i]);
  } catch {
    return false;
  }
}
