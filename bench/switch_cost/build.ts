/** Compiles the program whose context switches are measured: `alps-switch`. */
import { join } from "node:path";
import { buildNativeProgram } from "../../scripts/native_programs.ts";
import { BUILD_DIR, ROOT } from "../../scripts/paths.ts";

/** Where it is, in a checkout. */
export const SWITCH_PATH: string = join(BUILD_DIR, "bench", "alps-switch");

/**
 * Compiles it where something has changed.
 *
 * @throws SetupError with the compiler's last lines
 */
export async function buildSwitch(): Promise<void> {
  const sources = join(ROOT, "bench", "switch_cost", "native");
  await buildNativeProgram(sources, join(BUILD_DIR, "bench"), "alps-switch");
}
