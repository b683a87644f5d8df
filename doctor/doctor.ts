/** `alps-agent doctor`: what this machine supports, and which backend `--backend auto` takes. */

import { ExitStatus } from "../cli/errors.ts";
import { examine } from "./examination.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { document, report } from "./report.ts";

/**
 * Examines the machine and prints what came out.
 *
 * @param print gets the whole report, or the document where `json` is wanted
 * @returns exit status 0 where the agent can enforce, 3 where it cannot
 */
export function runDoctor(
  { json }: { readonly json: boolean },
  version: string,
  print: (text: string) => void,
  machine: Machine = thisMachine,
): number {
  const examination = examine(machine);
  const about = {
    version,
    kernel: machine.kernelRelease(),
    arch: Deno.build.arch,
    cpus: navigator.hardwareConcurrency,
  };
  print(json ? JSON.stringify(document(examination, about), null, 2) + "\n" : report(examination, about));
  return examination.auto === undefined ? ExitStatus.notPossible : ExitStatus.done;
}
