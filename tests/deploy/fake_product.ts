/** A folder that stands for a machine's root, and a file that stands for the agent. */
import type { Product } from "../../deploy/install.ts";

const encoder = new TextEncoder();

export const CONFIG_TEXT = "// comments\n{}\n";

/** Gives `action` a root, and makes products whose executable holds a text. */
export async function inRoot(
  action: (root: string, product: (text: string) => Product) => void | Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${folder}/root`);
    await action(`${folder}/root`, (text) => {
      Deno.writeTextFileSync(`${folder}/executable`, text, { mode: 0o700 });
      return {
        executable: `${folder}/executable`,
        unit: encoder.encode("[Unit]\n"),
        config: encoder.encode(CONFIG_TEXT),
      };
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The files and folders below a root, with their permissions in octal. */
export function contents(root: string, prefix = ""): string[] {
  return [...Deno.readDirSync(root + prefix)].flatMap((entry) => {
    const path = `${prefix}/${entry.name}`;
    const mode = (Deno.lstatSync(root + path).mode! & 0o7777).toString(8);
    return [`${path} ${mode}`, ...entry.isDirectory ? contents(root, path) : []];
  }).sort();
}
