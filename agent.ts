/** The command line of `alps-agent`: parse, wire the parts together, run. */

import { formatHostPort } from "./api/address.ts";
import { type Actions, main, processSurroundings } from "./cli/program.ts";
import project from "./deno.json" with { type: "json" };

/** Each command is loaded only when it is run. */
const actions: Actions = {
  run: async (options) => (await import("./core/run.ts")).runAgent(options, project.version),
  doctor: async (options) =>
    options.restore
      ? (await import("./core/restore_command.ts")).runRestore(options.state, console.log)
      : (await import("./doctor/doctor.ts")).runDoctor(options, project.version, processSurroundings().out),
  host: async ({ listen: { host, port }, commands, warm, cgroups, sessions, direct }) =>
    (await import("./host/host.ts")).runHost({
      listen: formatHostPort({ hostname: host, port }),
      warm,
      ...(commands && { commands }),
      cgroups,
      sessions,
      ...(direct && { direct }),
    }),
  replay: async (options) => (await import("./bench/replay_command.ts")).runReplay(options),
  traceMake: async (options) => (await import("./bench/trace_command.ts")).runTraceMake(options),
};

if (import.meta.main) Deno.exit(await main(Deno.args, actions));
