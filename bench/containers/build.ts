/** Compiles what containers of benchmarks and live tests run: `native/serve.c`, linked statically, for there is no C library. */
import { join } from "node:path";
import { buildNativeProgram } from "../../scripts/native_programs.ts";
import { BUILD_DIR, ROOT } from "../../scripts/paths.ts";

/**
 * Compiles it where something has changed; the executable's path.
 *
 * @throws SetupError with the compiler's last lines
 */
export async function buildServe(): Promise<string> {
  const folder = join(BUILD_DIR, "bench");
  await buildNativeProgram(join(ROOT, "bench", "containers", "native"), folder, "serve");
  return join(folder, "serve");
}
