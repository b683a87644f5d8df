/** A sched_ext scheduler of somebody else's, in force while its program runs. */
import { basename } from "node:path";
import { FailedError } from "../cli/errors.ts";
import { schedExtState, thisMachine } from "../enforce/scx_support.ts";
import { sleep } from "./clock.ts";

/** How long it may take to come and to go, on an emulated machine too. */
const MOST_MS = 60_000;

/**
 * Starts it, and waits until it is in force. Disposing ends it, and waits until the kernel's default is back.
 *
 * @throws FailedError where that does not come about
 */
export async function startScheduler(program: string): Promise<AsyncDisposable> {
  const process = new Deno.Command(program, { stdin: "null", stdout: "null", stderr: "piped" }).spawn();
  const words = new Response(process.stderr).text();
  let ended = false;
  process.status.then(() => ended = true);
  const stop = async () => {
    if (!ended) process.kill("SIGINT");
    await process.status;
    await until(`${basename(program)} to go`, () => schedExtState(thisMachine).kind === "free");
  };
  try {
    await until(`${basename(program)} to be in force`, () => {
      if (ended) throw new FailedError(`${basename(program)} has ended`);
      const state = schedExtState(thisMachine);
      return state.kind === "taken" && state.state === "enabled";
    });
  } catch (error) {
    await stop();
    throw new FailedError(`${error instanceof Error ? error.message : error}: ${(await words).trim()}`);
  }
  return { [Symbol.asyncDispose]: stop };
}

async function until(what: string, condition: () => boolean): Promise<void> {
  for (const end = performance.now() + MOST_MS; !condition();) {
    if (performance.now() > end) throw new FailedError(`waited in vain for ${what}`);
    await sleep(20);
  }
}
