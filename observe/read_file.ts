/** A file's text; undefined where it is gone or may not be read: processes end, cgroups are removed, while they are looked at. */
export function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
