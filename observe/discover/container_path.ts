/** Which containers a cgroup's path leads through. Pure. */

/** A container, as far as a path tells. */
export interface ContainerPath {
  /** The path up to the container: what is below belongs to it. */
  readonly cgroup: string;
  readonly id: string;
  /** Undefined where it is in no pod. */
  readonly podUid: string | undefined;
}

/** `pod<uid>`, with systemd `kubepods[-<class>]-pod<uid with _ for ->.slice`; in kind and the like with a prefix. */
const POD = /(?:^|-)pod([0-9a-f][0-9a-f_-]{7,63})(?:\.slice)?$/;

/** `<prefix>-<id>.scope` of systemd. The prefix is the runtime's: not every scope is a container. */
const SCOPE = /^(?:docker|crio|cri-containerd|containerd|nerdctl|libpod)-(?!conmon-)(.+)\.scope$/;

/** What container runtimes take for an id where nobody says another. */
const RANDOM_ID = /^[0-9a-f]{64}$/;

/** Folders of Docker's that are no containers. */
const NO_CONTAINERS = ["buildkit", "build"];

/**
 * The containers on the way to a cgroup, from the innermost to the outermost.
 *
 * @param path in any hierarchy; relative (`/../..`) where the agent is in a cgroup namespace of its own
 */
export function containersOf(path: string): ContainerPath[] {
  const parts = path.split("/"), found: ContainerPath[] = [];
  for (let at = parts.length - 1; at > 0; at--) {
    const part = parts[at]!, parent = parts[at - 1]!;
    const podUid = POD.exec(parent)?.[1]?.replaceAll("_", "-");
    const id = SCOPE.exec(part)?.[1] ??
      (part !== "" && part !== ".." && !part.endsWith(".slice") &&
          (podUid !== undefined || RANDOM_ID.test(part) ||
            (parent === "docker" && !NO_CONTAINERS.includes(part)))
        ? part
        : undefined);
    if (id !== undefined) found.push({ cgroup: parts.slice(0, at + 1).join("/"), id, podUid });
  }
  return found;
}

/** The uid of the pod that a cgroup is the pod's own of, or is in: `uid` and the pod's path. */
export function podOf(path: string): { uid: string; cgroup: string } | undefined {
  const parts = path.split("/");
  for (let at = parts.length - 1; at > 0; at--) {
    const uid = POD.exec(parts[at]!)?.[1]?.replaceAll("_", "-");
    if (uid !== undefined) return { uid, cgroup: parts.slice(0, at + 1).join("/") };
  }
  return undefined;
}
