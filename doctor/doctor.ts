/** `alps-agent doctor`: what this machine supports, and which backend `--backend auto` takes. */

import { ExitStatus } from "../cli/errors.ts";
import { escapedLines } from "../observe/names.ts";
import { examine } from "./examination.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { document, report } from "./report.ts";
import { askRunningAgent, type Found } from "./running_agent.ts";

/**
 * Examines the machine and prints what came out.
 *
 * @param print gets the whole report, or the document where `json` is wanted
 * @returns exit status 0 where the agent can enforce, 3 where it cannot
 */
export async function runDoctor(
  { json }: { readonly json: boolean },
  version: string,
  print: (text: string) => void,
  machine: Machine = thisMachine,
  ask: () => Promise<Found | undefined> = askRunningAgent,
): Promise<number> {
  const examination = examine(machine), found = await ask();
  const about = {
    version,
    kernel: machine.kernelRelease(),
    arch: Deno.build.arch,
    cpus: navigator.hardwareConcurrency,
  };
  print(
    json
      ? escapedLines(JSON.stringify(document(examination, about, found), null, 2)) + "\n"
      : report(examination, about, found),
  );
  return examination.auto === undefined ? ExitStatus.notPossible : ExitStatus.done;
}
