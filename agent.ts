/** The command line of `alps-agent`: parse, wire the parts together, run. */

import { formatHostPort } from "./api/address.ts";
import { type Actions, main, processSurroundings } from "./cli/program.ts";
import { licencesText, versionText } from "./core/about.ts";
import { settlePortableProcess } from "./core/portable_process.ts";
import project from "./deno.json" with { type: "json" };

/** Each command is loaded only when it is run. */
const actions: Actions = {
  version: versionText,
  licences: licencesText,
  run: async (options) => (await import("./core/run.ts")).runAgent(options, project.version),
  doctor: async (options) =>
    options.restore
      ? (await import("./core/restore_command.ts")).runRestore(options.state, console.log)
      : (await import("./doctor/doctor.ts")).runDoctor(options, project.version, processSurroundings().out),
  host: async (
    { listen, openlambda, functions, commands, warm, cgroups, sessions, announce, work },
  ) =>
    (await import("./host/host.ts")).runHost({
      listen: listen && formatHostPort({ hostname: listen.host, port: listen.port }),
      openlambda,
      functions,
      warm,
      ...(commands && { commands }),
      cgroups,
      sessions,
      ...(announce && { announce }),
      work,
    }),
  replay: async (options) => (await import("./bench/replay_command.ts")).runReplay(options),
  simulate: async (options) => (await import("./bench/simulate_command.ts")).runSimulate(options),
  whatIf: async (options) =>
    (await import("./core/whatif_command.ts")).runWhatIf(options, processSurroundings().out),
  traceMake: async (options) => (await import("./bench/trace_command.ts")).runTraceMake(options),
  traceConvert: async (options) => (await import("./traces/convert_command.ts")).runTraceConvert(options),
  install: async ({ root }) => (await import("./deploy/install.ts")).install(root, console.log),
  uninstall: async ({ root }) => (await import("./deploy/uninstall.ts")).uninstall(root, console.log),
};

if (import.meta.main) {
  settlePortableProcess(Deno.args);
  Deno.exit(await main(Deno.args, actions));
}
