/** Where the files that the agent brings along are. The one place to change when they are embedded. */

const FOLDER = new URL("../build/", import.meta.url);

/** Names of the files, relative to the build folder. */
export type AssetName = "libbpf/lib/libbpf.so.1" | "bpf/observe.bpf.o";

/** Path of an asset that has to be a file (a shared object to open). */
export function assetPath(name: AssetName): string {
  return decodeURIComponent(new URL(name, FOLDER).pathname);
}

/** Contents of an asset. Throws an error that says how to build it where it is missing. */
export function readAsset(name: AssetName): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(assetPath(name));
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Error(`cannot read ${assetPath(name)}: it has not been built (run \`deno task build\`)`, {
        cause,
      });
    }
    throw cause;
  }
}
