import type { Actions } from "../../cli/program.ts";

/** Actions that all do the same, whatever the command. */
export function everyAction(act: () => Promise<number>): Actions {
  return {
    version: () => "alps-agent 1.2.3\n",
    licences: () => "all of them\n",
    run: act,
    host: act,
    replay: act,
    simulate: act,
    whatIf: act,
    traceMake: act,
    traceConvert: act,
    doctor: act,
    install: act,
    uninstall: act,
  };
}
