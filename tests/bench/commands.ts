/** Running commands of this checkout in tests. */
import { fileURLToPath } from "node:url";

/** What a finished command did. */
export interface Finished {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of the checkout to its end. */
export async function runScript(script: string, ...args: string[]): Promise<Finished> {
  const path = fileURLToPath(new URL(`../../${script}`, import.meta.url));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", path, ...args],
    stdin: "null",
  }).output();
  const text = new TextDecoder();
  return { status: code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}
