/** What is known of a container, whoever told it, and what the platforms make of that. Every text in it is hostile. */

/** A mount from outside into the container. */
export interface BindMount {
  readonly source: string;
  readonly destination: string;
}

/** The pod that a container is in. */
export interface PodFacts {
  readonly namespace: string;
  readonly name: string;
  /** Names of its containers proper; undefined where nothing tells. */
  readonly containers?: readonly string[];
}

/** One container. */
export interface ContainerFacts {
  /** Who told. */
  readonly runtime: "containerd" | "docker" | "kubernetes";
  readonly id: string;
  /** containerd's namespace, where it told. */
  readonly namespace: string | undefined;
  /** Docker's name without its slash; in a pod, the container's name there; undefined where there is none. */
  readonly name: string | undefined;
  /** Of the container, and of its pod: Docker's labels, containerd's annotations, the pod's labels and annotations. */
  readonly labels: Readonly<Record<string, string>>;
  /** `NAME=value`. */
  readonly env: readonly string[];
  readonly mounts: readonly BindMount[];
  /** Undefined where it is in none, or the one it is in is not known. */
  readonly pod: PodFacts | undefined;
}

/** A container is a function's. */
export interface FunctionFinding {
  readonly kind: "function";
  readonly platform: string;
  readonly name: string;
  /** What the platform itself calls the function's id; undefined where it has none that people know. */
  readonly id?: string | undefined;
  /** What told, for people: `label faas_function`. */
  readonly foundBy: string;
}

/** What a platform says of a container; undefined where it is none of this platform's. */
export type Recognised =
  | FunctionFinding
  /** It belongs to a function's pod or to the platform, and is not the function: a proxy, a pause container. */
  | { readonly kind: "helper"; readonly platform: string }
  /** It is this platform's, and nothing tells whose (yet). */
  | { readonly kind: "unnamed"; readonly platform: string; readonly hint: string };

/** Looks at a container for one platform. Pure. */
export type Recogniser = (facts: ContainerFacts) => Recognised | undefined;

/** The value of a label that says something. */
export function label(facts: Pick<ContainerFacts, "labels">, name: string): string | undefined {
  // Labels are read from JSON: "__proto__" and the like are data there, too.
  const value = Object.hasOwn(facts.labels, name) ? facts.labels[name] : undefined;
  return value === undefined || value === "" ? undefined : value;
}

/** The value of an environment variable that says something. */
export function variable({ env }: Pick<ContainerFacts, "env">, name: string): string | undefined {
  const entry = env.find((each) => each.startsWith(`${name}=`));
  return entry?.slice(name.length + 1) || undefined;
}

/**
 * A function's name with its namespace, so that those of two namespaces are not one: without it in the namespace that is the
 * platform's default.
 */
export function qualified(name: string, namespace: string | undefined, byDefault: string): string {
  return namespace === undefined || namespace === "" || namespace === byDefault
    ? name
    : `${namespace}/${name}`;
}
