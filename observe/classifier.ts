/** Whose process is it? Answers the kernel side's questions, and looks over the processes that run already. */

import { KernelError } from "../ffi/errors.ts";
import type { Cgroups } from "./cgroups.ts";
import type { Discovery } from "./discover/discovery.ts";
import { hasEntered as entered } from "./discover/entered.ts";
import type { Finding } from "./discover/finding.ts";
import { isIn } from "./discover/source.ts";
import type { Question } from "./events.ts";
import { adoptFamily, planFamilies } from "./families.ts";
import { type FunctionTable, RULED } from "./functions.ts";
import {
  childrenOf,
  descendantsOf,
  processesNear,
  type ProcessIdentity,
  readArgStart,
  readIdentity,
  readUid,
  scanProcesses,
} from "./identity.ts";
import { Modes } from "./modes.ts";
import type { Adoption, KeyVerdict, Observer } from "./observer.ts";
import { Places } from "./places.ts";
import type { RuleSet, Verdict } from "./rule_set.ts";
import type { Rule, RuleSpec } from "./rules.ts";

/** A process that a rule matches but that cannot be one of a function's. */
export interface UnknownProcess {
  cgroup: string;
  pid: number;
  hint: string;
}

/** Most unknown processes that are kept: the latest. */
const MAX_UNKNOWN = 100;

/** What a process is: what the rules say, and where they say nothing, what its place does. */
type Answer = Verdict | {
  readonly kind: "discovered";
  readonly functionId: number;
  /** Where it was found: a part of the path of one of its cgroups. */
  readonly cgroup: string;
  readonly filledFromOutside: boolean;
  readonly cacheable: boolean;
  readonly byPlace: true;
};

/** How the invocations of a discovered function are told apart: its containers serve one request after another. */
const DISCOVERED_MODE = { mode: "warm" } as const;

/** What of the observer is used here; replaced in tests. */
export type ClassifierKernel = Pick<
  Observer,
  "setRules" | "setMode" | "watchIdle" | "idleLengths" | "setHelper" | "remember" | "adopt"
>;

/** The rules in force, applied. */
export class Classifier {
  readonly unknown: UnknownProcess[] = [];
  /** Processes that could not be identified, by reason. */
  readonly failures: Record<string, number> = {};
  /** How each function's invocations are told apart. */
  readonly modes: Modes;
  readonly #places: Places;

  constructor(
    readonly kernel: ClassifierKernel,
    readonly rules: RuleSet,
    readonly functions: FunctionTable,
    readonly discovery?: Discovery,
    readonly cgroups: Cgroups = { processesIn: () => [], idOf: () => undefined },
    readonly hasEntered: typeof entered = entered,
  ) {
    this.modes = new Modes(kernel);
    this.#places = new Places(kernel, functions, cgroups);
  }

  /** Begins to discover functions; those that run already are taken in. */
  discover(): void {
    this.discovery?.start({
      changed: (cgroup, pids, wasPending) =>
        this.#guarded(() => this.#placeChanged(cgroup, pids, wasPending)) !== undefined,
      gone: (cgroup) => this.#places.left(cgroup),
      helps: (cgroup, helps) => this.#guarded(() => this.#places.helps(cgroup, helps)) ?? false,
    });
    this.#rulesChanged();
    this.scan();
  }

  /** Adds rules; processes that they match and that run already are taken in. */
  addRules(specs: readonly RuleSpec[]): Rule[] {
    try {
      return specs.map((spec) => this.rules.add(spec));
    } finally {
      // Where one is refused, those before it are in force all the same.
      this.#rulesChanged();
      this.scan();
    }
  }

  /** Removes rules by id or name. Invocations in progress stay what they are. Returns those removed. */
  removeRules(idOrName: string): Rule[] {
    const removed = this.rules.remove(idOrName);
    if (removed.length > 0) this.#rulesChanged();
    return removed;
  }

  /** Has the kernel side ask about every process anew: functions were forgotten that it remembers by their numbers. */
  voidVerdicts(): void {
    this.rules.renew();
    this.#rulesChanged();
  }

  #rulesChanged(): void {
    const { generation, uses } = this.rules;
    this.kernel.setRules(generation, { ...uses, cgroup: uses.cgroup || this.discovery !== undefined });
  }

  /** Answers a question: remembers the verdict, and adopts the process where it is a function's. */
  answer(question: Question): void {
    if (question.pid === Deno.pid) return; // whatever the rules say: the agent is no function
    const identity = identify(question);
    const argStart = readArgStart(question.pid);
    // What was read is another program's, which is asked about on its own.
    if (question.argStart !== 0 && argStart && argStart !== question.argStart) return;
    const verdict = this.#answerFor(identity);
    const functionId = this.#functionOf(verdict, identity);
    // A verdict for rules that have changed since would be void anyway; a refused name is asked about again.
    if (question.rulesGeneration === this.rules.generation) {
      // One that was ending has left its cgroups: others like it have not. Where no cgroup had a say, it may be gone.
      const lookedAt = !verdict.byPlace ||
        (argStart !== undefined && argStart !== 0 && this.#isStillThere(question, identity, verdict));
      const cacheable = verdict.cacheable && verdict.kind !== "refused" && lookedAt;
      const known: KeyVerdict = verdict.kind === "excluded"
        ? verdict.kind
        : verdict.kind === "discovered"
        ? { discovered: functionId, asksOfEntrants: !verdict.filledFromOutside }
        : functionId;
      this.kernel.remember(question.key, question.rulesGeneration, cacheable ? known : undefined);
    }
    if (verdict.kind === "excluded") return this.#exclude(question);
    if (functionId === 0 || functionId === question.currentFunctionId) return;
    // What a rule's process has forked is the rule's, wherever that process is.
    if (verdict.kind === "discovered" && this.#isRuled(question.currentFunctionId)) return;
    const { pid, processStartNs, beginNs, execBaseNs } = question;
    const root: Adoption = { pid, functionId, root: pid, processStartNs, beginNs, execBaseNs };
    if (adoptFamily(this.kernel, root) > 0) this.#count("process_gone");
  }

  /**
   * Whether what was read of a process's cgroups is what the question's key says: runtimes move a process into its container
   * after they have started it, and the verdict must not be remembered of the cgroup that it comes from.
   */
  #isStillThere({ cgroupId }: Question, { cgroupCpu }: ProcessIdentity, verdict: Answer): boolean {
    const now = cgroupCpu === undefined ? undefined : this.cgroups.idOf(cgroupCpu);
    // Found by another hierarchy, or in a place that has no number here: it may have been moved all the same.
    if (verdict.kind === "discovered" && !(cgroupCpu && isIn(cgroupCpu, verdict.cgroup))) return false;
    if (now === undefined || cgroupId === 0) return verdict.kind !== "discovered";
    return now === cgroupId;
  }

  #isRuled(functionId: number | undefined): boolean {
    return functionId !== undefined && this.functions.byId(functionId)?.platform === RULED;
  }

  /**
   * Carries out what discovery tells, which nobody waits for. What the kernel refuses is counted, and is no reason for the agent
   * to end.
   * @returns undefined where it was refused
   */
  #guarded<T>(act: () => T): T | undefined {
    try {
      return act();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#count("kernel_refused");
      return undefined;
    }
  }

  /** Takes a process out of the invocation that it was forked into, with children that are excluded too. */
  #exclude({ pid, currentFunctionId }: Question): void {
    if (currentFunctionId === 0) return;
    const children = descendantsOf(childrenOf(processesNear(pid)), pid).filter((child) => {
      const identity = readIdentity(child);
      return identity && this.rules.match(this.#withUser(identity)).kind === "excluded";
    });
    this.kernel.adopt([pid, ...children].map((each) => ({ pid: each, functionId: 0, root: each })));
  }

  /** Where a user is excluded, whose a process is that no event has told of. */
  #withUser(identity: ProcessIdentity): ProcessIdentity {
    const uid = this.rules.exclusions.byUser ? readUid(identity.pid) : undefined;
    return uid === undefined ? identity : { ...identity, uid };
  }

  /** Takes in every process that runs already and that is a function's, with its descendants. */
  scan(): void {
    if (this.rules.list().length === 0 && !this.discovery) return;
    this.#takeIn(scanProcesses());
  }

  /**
   * What a container is has come to be known, or has changed: its processes are looked at again. Those that are no function's any
   * more are let go.
   */
  #placeChanged(cgroup: string, pids: ReadonlySet<number>, wasPending: boolean): true {
    // What was pending is not remembered by the kernel side; anything else is, for all that will come there.
    if (!wasPending) this.voidVerdicts();
    const wasFunction = this.#places.functionIn(cgroup) !== undefined;
    const all = new Set([...pids, ...this.cgroups.processesIn(cgroup)]);
    const identities = [...all].flatMap((pid) => readIdentity(pid) ?? []);
    const taken = this.#takeIn(identities);
    if (wasFunction) {
      const isThere = ({ cgroupCpu, cgroupsOther }: ProcessIdentity) =>
        [cgroupCpu ?? "", ...cgroupsOther].some((path) => isIn(path, cgroup));
      const left = identities.filter((each) => !taken.has(each.pid) && isThere(each));
      this.kernel.adopt(left.map(({ pid }) => ({ pid, functionId: 0, root: pid })));
      // Only now: where the kernel refuses, it is told again.
      const now = this.#places.functionIn(cgroup);
      if (![...taken.values()].some(({ functionId }) => functionId === now)) this.#places.left(cgroup);
    }
    return true;
  }

  /** Returns the processes that are in an invocation now. */
  #takeIn(identities: Iterable<ProcessIdentity>): ReadonlyMap<number, Adoption> {
    const adoptions = planFamilies(identities, (identity, inherited) => {
      const verdict = this.#answerFor(this.#withUser(identity));
      const functionId = this.#functionOf(verdict, identity);
      if (verdict.kind === "excluded") return "leaves";
      const keeps = functionId === 0 || functionId === inherited ||
        (verdict.kind === "discovered" && this.#isRuled(inherited));
      return keeps ? "stays" : functionId;
    });
    adoptions.delete(Deno.pid);
    this.kernel.adopt([...adoptions.values()]);
    return adoptions;
  }

  /** What the rules say of a process; where none matches, what was discovered of its place. */
  #answerFor(identity: ProcessIdentity): Answer {
    const verdict = this.rules.match(identity);
    if (verdict.kind !== "none" || !this.discovery) return verdict;
    const { pid, cgroupCpu, cgroupsOther } = identity;
    const cgroups = cgroupCpu === undefined ? cgroupsOther : [cgroupCpu, ...cgroupsOther];
    const finding = this.discovery.find({ pid, cgroups });
    if (finding.kind === "none") {
      return { ...verdict, byPlace: true, cacheable: verdict.cacheable && !finding.fleeting };
    }
    if (finding.kind === "pending") return { kind: "none", cacheable: false, byPlace: true };
    const { cgroup, fleeting, filledFromOutside } = finding;
    if (
      !fleeting && !filledFromOutside &&
      this.hasEntered(pid, cgroup, (each) => this.cgroups.processesIn(each))
    ) {
      this.#guarded(() => this.#places.entered(cgroup));
      return { kind: "none", cacheable: false, byPlace: true };
    }
    return this.#discovered(finding, verdict.cacheable);
  }

  #discovered(finding: Extract<Finding, { kind: "function" }>, cacheable: boolean): Answer {
    const { name, cgroup, fleeting, filledFromOutside } = finding;
    const isTaken = this.rules.list().some((rule) => rule.name === name);
    const unique = this.functions.uniqueName(name, finding.platform, isTaken);
    if ([name, unique].some((each) => this.rules.exclusions.coversFunction(each))) {
      return { kind: "excluded", cacheable: cacheable && !fleeting, byPlace: true };
    }
    const info = this.functions.discovered(name, finding, cgroup, isTaken);
    this.#places.taken(cgroup, info.id);
    this.modes.ruled(info.id, DISCOVERED_MODE);
    return {
      kind: "discovered",
      functionId: info.id,
      cgroup,
      filledFromOutside,
      cacheable: cacheable && !fleeting,
      byPlace: true,
    };
  }

  /** The function's number, 0 for none. */
  #functionOf(verdict: Answer, identity: ProcessIdentity): number {
    switch (verdict.kind) {
      case "discovered":
        return verdict.functionId;
      case "none":
      case "excluded":
        return 0;
      case "refused":
        this.#notePuzzle(identity, verdict.reason);
        return 0;
      case "function": {
        const { id } = this.functions.named(verdict.functionName, verdict.rule.id, identity.cgroupCpu);
        this.modes.ruled(id, verdict.rule);
        return id;
      }
    }
  }

  #count(reason: string): void {
    this.failures[reason] = (this.failures[reason] ?? 0) + 1;
  }

  #notePuzzle(identity: ProcessIdentity, hint: string): void {
    this.#count("name_refused");
    this.unknown.unshift({ cgroup: identity.cgroupCpu ?? "", pid: identity.pid, hint });
    if (this.unknown.length > MAX_UNKNOWN) this.unknown.length = MAX_UNKNOWN;
  }
}

/** Who asked: by `/proc`, and by what the kernel's event told where the process is gone already. */
function identify(question: Question): ProcessIdentity {
  const { pid, comm, execPath, commandLine, parentPid, uid } = question;
  const identity = readIdentity(pid, { comm, ...(execPath === "" ? {} : { execName: execPath }) });
  if (!identity) {
    return {
      pid,
      startTimeTicks: 0,
      exePaths: execPath.startsWith("/") ? [execPath] : [],
      comm,
      cmdline: commandLine,
      cgroupCpu: undefined,
      cgroupsOther: [],
      parentPid,
      uid,
    };
  }
  // A rename is asked about before it happens: the event knows the new name.
  return { ...identity, comm, uid };
}
