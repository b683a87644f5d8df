/**
 * Containers of containerd, by the OCI bundles that it keeps of those that run:
 * `<state>/io.containerd.runtime.v2.task/<namespace>/<id>/config.json` (OCI runtime specification, config.md).
 */
import type { ContainerFacts } from "./facts.ts";
import { listOf, parseJson, property, readLimited, textAt, textsOf } from "./read_limited.ts";

/** Where containerd, Docker's own containerd, and those of small Kubernetes distributions keep their state. */
export const STATE_FOLDERS = [
  "/run/containerd",
  "/run/docker/containerd/daemon",
  "/run/k3s/containerd",
  "/var/snap/microk8s/common/run/containerd",
];

const TASKS = "io.containerd.runtime.v2.task";

/** Longest bundle that is read: labels and environment have bounds in containerd, far below. */
const MOST_BYTES = 8 << 20;

/** A container that containerd runs. */
export interface Bundle {
  readonly facts: ContainerFacts;
  /** Its cgroup as the runtime was told: a path, or `slice:prefix:name` for systemd. */
  readonly cgroupsPath: string | undefined;
}

/** What came of looking for a bundle. */
export type BundleLook = Bundle | { readonly problem: string } | undefined;

/** A bundle, and the part of the path that is the container's. */
export type Placed<T> = T & { readonly cgroup: string };

/** A folder's time says nothing about changes that came this shortly before it was read. */
const CLOCK_STEP_MS = 50;

/** Reads bundles. Of each it keeps only where the cgroup is, for those that no name leads to. */
export class Bundles {
  /** Folder of a bundle → what its cgroup is called. */
  readonly #cgroups = new Map<string, string | undefined>();
  /** Last part of a cgroup's path → folders of the bundles that were to be there. */
  readonly #claims = new Map<string, Set<string>>();
  /** Folder of a namespace → its time when it was read. */
  readonly #readAt = new Map<string, number>();

  /** @param states folders of containerd's state, {@link STATE_FOLDERS} for the machine's */
  constructor(readonly states: readonly string[] = STATE_FOLDERS) {}

  /** The folders that are there, for people. */
  get found(): string[] {
    return this.states.filter((state) => namesIn(`${state}/${TASKS}`).length > 0);
  }

  /** The bundle of the container of this id whose cgroup this is. */
  byId(id: string, cgroup: string): BundleLook {
    if (!isName(id)) return undefined;
    for (const folder of this.#namespaces()) {
      const look = read(folder, id);
      if (look && ("problem" in look || isCgroup(look.cgroupsPath, cgroup))) return look;
    }
    return undefined;
  }

  /** The bundle of a cgroup that is called `…/<namespace>/<id>`, as containerd does by itself, or of one around it. */
  byPath(path: string): Placed<Bundle> | Placed<{ readonly problem: string }> | undefined {
    const parts = path.split("/"), folders = this.#namespaces();
    for (let at = parts.length - 1; at > 1; at--) {
      const id = parts[at]!, cgroup = parts.slice(0, at + 1).join("/");
      for (const folder of folders) {
        if (!folder.endsWith(`/${parts[at - 1]}`) || !isName(id)) continue;
        const look = read(folder, id);
        if (look && ("problem" in look || isCgroup(look.cgroupsPath, cgroup))) return { ...look, cgroup };
      }
    }
    return undefined;
  }

  /** The bundle that this cgroup, or one around it, was made for, whatever it is called. */
  byCgroupsPath(path: string): Placed<Bundle> | Placed<{ readonly contested: string }> | undefined {
    this.#refresh();
    const parts = path.split("/");
    // From the innermost outwards.
    for (let at = parts.length; at > 1; at--) {
      const cgroup = parts.slice(0, at).join("/");
      const looks = [...this.#claims.get(lastName(cgroup)) ?? []].flatMap((bundle) => {
        if (!isCgroup(this.#cgroups.get(bundle)!, cgroup)) return [];
        const slash = bundle.lastIndexOf("/"), look = read(bundle.slice(0, slash), bundle.slice(slash + 1));
        return look && "facts" in look ? [look] : [];
      });
      // Where several claim one cgroup, the one that it is called by has it; without such a one it is nobody's.
      const [first] = looks, own = looks.find(({ facts }) => cgroup.endsWith(`/${facts.id}`));
      if (own ?? first) {
        return own || looks.length === 1
          ? { ...(own ?? first!), cgroup }
          : { contested: looks.map(({ facts }) => facts.id).toSorted().join(", "), cgroup };
      }
    }
    return undefined;
  }

  /** Reads the bundles that have come, and forgets those that have gone. */
  #refresh(): void {
    const folders = new Set(this.#namespaces()), now = Date.now();
    for (const folder of folders) {
      const changed = modified(folder);
      if (this.#readAt.get(folder) === changed) continue;
      if (now - changed > CLOCK_STEP_MS) this.#readAt.set(folder, changed);
      const ids = new Set(namesIn(folder));
      for (const bundle of this.#cgroups.keys()) {
        const slash = bundle.lastIndexOf("/");
        if (bundle.slice(0, slash) === folder && !ids.has(bundle.slice(slash + 1))) {
          this.#drop(bundle);
        }
      }
      for (const id of ids) {
        const bundle = `${folder}/${id}`;
        if (this.#cgroups.get(bundle) !== undefined) continue;
        const look = read(folder, id);
        const cgroupsPath = look && !("problem" in look) ? look.cgroupsPath : undefined;
        this.#cgroups.set(bundle, cgroupsPath);
        if (cgroupsPath === undefined) continue;
        const last = lastName(cgroupOf(cgroupsPath)), claims = this.#claims.get(last) ?? new Set();
        this.#claims.set(last, claims.add(bundle));
      }
    }
    for (const folder of this.#readAt.keys()) {
      if (folders.has(folder)) continue;
      this.#readAt.delete(folder);
      for (const bundle of this.#cgroups.keys()) {
        if (bundle.startsWith(`${folder}/`)) this.#drop(bundle);
      }
    }
  }

  #drop(bundle: string): void {
    const cgroupsPath = this.#cgroups.get(bundle);
    this.#cgroups.delete(bundle);
    if (cgroupsPath === undefined) return;
    const last = lastName(cgroupOf(cgroupsPath)), claims = this.#claims.get(last);
    claims?.delete(bundle);
    if (claims?.size === 0) this.#claims.delete(last);
  }

  /** The folders with a namespace's bundles. */
  #namespaces(): string[] {
    return this.states.flatMap((state) =>
      namesIn(`${state}/${TASKS}`).map((namespace) => `${state}/${TASKS}/${namespace}`)
    );
  }
}

/**
 * Whether a cgroup is the one that a runtime was told to make: a path, or `slice:prefix:name` for systemd. So no process
 * becomes a function's by being in a cgroup of its own making that is called alike.
 *
 * @param cgroup relative where the agent is in a cgroup namespace of its own; then the end has to do
 */
export function isCgroup(cgroupsPath: string | undefined, cgroup: string): boolean {
  if (cgroupsPath === undefined) return true; // nothing says otherwise
  const [slice = "", prefix, name] = cgroupsPath.split(":");
  if (name !== undefined) return cgroup.endsWith(`/${prefix}-${name}.scope`) && cgroup.includes(`/${slice}/`);
  const path = cgroupOf(cgroupsPath);
  if (path === "/") return false;
  if (!cgroup.startsWith("/../")) return cgroup === path;
  const known = cgroup.replace(/^(\/\.\.)+/, "");
  return known !== "" && path.endsWith(known);
}

/** The path that a runtime makes of what it was told, without what is around the slice. */
function cgroupOf(cgroupsPath: string): string {
  const [slice = "", prefix, name] = cgroupsPath.split(":");
  if (name !== undefined) return `/${slice}/${prefix}-${name}.scope`;
  return `/${cgroupsPath.split("/").filter((part) => part !== "").join("/")}`;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Whether a part of a path can be a namespace or an id of containerd's (identifiers.Validate): no `..` leads elsewhere. */
function isName(text: string): boolean {
  return text.length <= 76 && /^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$/.test(text);
}

function read(folder: string, id: string): BundleLook {
  const file = readLimited(`${folder}/${id}/config.json`, MOST_BYTES);
  if ("problem" in file) {
    return file.problem === "absent" ? undefined : { problem: "its OCI bundle is too long to be read" };
  }
  const config = parseJson(file.text);
  // Being written still, or broken: both are looked at again.
  if (typeof config !== "object" || config === null) return { problem: "its OCI bundle is not JSON" };
  const labels = textsOf(property(config, "annotations"));
  const sandbox = textAt(labels, "io.kubernetes.cri.sandbox-name");
  return {
    cgroupsPath: textAt(config, "linux", "cgroupsPath"),
    facts: {
      runtime: "containerd",
      id,
      namespace: folder.slice(folder.lastIndexOf("/") + 1),
      name: textAt(labels, "io.kubernetes.cri.container-name"),
      labels,
      env: listOf(property(property(config, "process"), "env")).filter((each) => typeof each === "string"),
      mounts: listOf(property(config, "mounts")).flatMap((mount) => {
        const source = textAt(mount, "source"), destination = textAt(mount, "destination");
        return source === undefined || destination === undefined ? [] : [{ source, destination }];
      }),
      pod: sandbox === undefined
        ? undefined
        : { namespace: textAt(labels, "io.kubernetes.cri.sandbox-namespace") ?? "", name: sandbox },
    },
  };
}

function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch {
    return [];
  }
}

function modified(folder: string): number {
  try {
    return Deno.statSync(folder).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}
