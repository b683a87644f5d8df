/** Compiles the load generator: `bench/native/*.c` into one executable, `alps-send`. */
import { join } from "node:path";
import { buildNativeProgram } from "../scripts/native_programs.ts";
import { BUILD_DIR, ROOT } from "../scripts/paths.ts";

/** Where the load generator is. */
export const SENDER_PATH: string = join(BUILD_DIR, "bench", "alps-send");

/**
 * Compiles it where something has changed.
 *
 * @throws SetupError with the compiler's last lines
 */
export async function buildSender(): Promise<void> {
  await buildNativeProgram(join(ROOT, "bench", "native"), join(BUILD_DIR, "bench"), "alps-send");
}
