/** Compiles the load generator: `bench/native/*.c` into one executable, `alps-send`. */
import { join } from "node:path";
import { packaging, readAsset } from "../ffi/assets.ts";
import { MemoryFile } from "../ffi/memory_file.ts";
import { buildNativeProgram } from "../scripts/native_programs.ts";
import { BUILD_DIR, ROOT } from "../scripts/paths.ts";

/** Where the load generator is: in the one file, from memory. */
export const SENDER_PATH: string = packaging() === "source"
  ? join(BUILD_DIR, "bench", "alps-send")
  : new MemoryFile("alps-send", readAsset("bench/alps-send")).path;

/**
 * Compiles it where something has changed.
 *
 * @throws SetupError with the compiler's last lines
 */
export async function buildSender(): Promise<void> {
  await buildNativeProgram(join(ROOT, "bench", "native"), join(BUILD_DIR, "bench"), "alps-send");
}
