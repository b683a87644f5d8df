import { join } from "node:path";
import type { ModuleName } from "../../ffi/assets.ts";
import { runOrFail } from "../command.ts";
import { ROOT } from "../paths.ts";

/** The modules that are loaded by themselves: the program, one for each worker thread, and what draws. */
export const ENTRY_POINTS: Readonly<Record<"agent.js" | ModuleName, string>> = {
  "agent.js": "agent.ts",
  "event_worker.js": "core/event_worker.ts",
  "learn_worker.js": "learn/worker.ts",
  "whatif_worker.js": "simulate/whatif_worker.ts",
  "plot.js": "simulate/plot.ts",
};

/**
 * The first line of each bundle: `require()`, by which older packages get at Deno's built-in modules. The bundler leaves
 * that to whoever runs the bundle.
 */
const REQUIRE =
  'import{createRequire as __alpsRequire}from"node:module";const require=__alpsRequire("file:///");\n';

/**
 * Bundles each entry point, with all packages, to one JavaScript file in `folder`. Minified, because otherwise the folders
 * of this machine would be in them; with names kept, so that a stack still says where something happened.
 */
export async function bundle(folder: string): Promise<void> {
  for (const [name, source] of Object.entries(ENTRY_POINTS)) {
    const output = join(folder, name);
    await runOrFail(`bundle ${source}`, Deno.execPath(), [
      ...["bundle", "--quiet", "--minify", "--keep-names", "--platform=deno"],
      ...["--output", output, source],
    ], { cwd: ROOT });
    await Deno.writeTextFile(output, REQUIRE + await Deno.readTextFile(output));
  }
}
