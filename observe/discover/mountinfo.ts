/** Mounts as a process sees them: `/proc/PID/mountinfo` (proc(5)). Pure. */

/** One mount. */
export interface Mount {
  /** What of its file system is mounted. */
  readonly root: string;
  /** Where, below the process's root. */
  readonly point: string;
}

/** Parses it; lines that are none are passed over. */
export function parseMountinfo(text: string): Mount[] {
  return text.split("\n").flatMap((line) => {
    // ID PARENT MAJOR:MINOR ROOT POINT OPTIONS …
    const [, , , root, point] = line.split(" ");
    return root?.startsWith("/") && point?.startsWith("/")
      ? [{ root: unescaped(root), point: unescaped(point) }]
      : [];
  });
}

/** Space, tab, line feed and backslash are written as octal numbers there. */
function unescaped(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
