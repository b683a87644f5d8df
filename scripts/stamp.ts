import { createHash } from "node:crypto";

/** SHA-256 of some bytes or text, as 64 hexadecimal digits. */
export function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * One key for everything that a product is made from: it changes when any part, its order or its bounds change.
 *
 * @param parts versions, flags, and the contents (or hashes) of files
 */
export function stampKey(parts: string[]): string {
  return sha256(JSON.stringify(parts));
}

/**
 * Whether a product was made from what `key` stands for and all its files are still there.
 *
 * @param stampFile the file that {@link writeStamp} wrote last, after the product was whole
 * @param products files that have to exist
 */
export function isFresh(stampFile: string, key: string, products: string[]): boolean {
  try {
    return Deno.readTextFileSync(stampFile).trim() === key &&
      products.every((product) => Deno.statSync(product).isFile);
  } catch {
    return false;
  }
}

/** Notes what a product was made from. Written last: without it the product is made again. */
export async function writeStamp(stampFile: string, key: string): Promise<void> {
  await Deno.writeTextFile(stampFile, key + "\n");
}
