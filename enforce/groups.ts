/**
 * The order between scheduling groups. Attributes of tasks count only inside their group (a cgroup of the cpu controller, or
 * the autogroup of a session). A group in which no chosen invocation is gets the smallest weight: the topmost such group
 * around an invocation, so that at the level where it meets the chosen ones it weighs nothing.
 *
 * A group that holds, anywhere below it, a task of no function is never demoted.
 */

import { shown } from "../observe/names.ts";
import type { ChangeJournal } from "./change_journal.ts";
import type { GroupInfo, GroupMachine } from "./group_machine.ts";
import { GroupWeight } from "./group_weight.ts";

/** How often it is looked for tasks of no function in demoted groups, at least. */
const LOOK_NS = 250_000_000;
/** How soon it is looked again where a new group has come. */
const SOON_NS = 20_000_000;
/** Looking takes at most this part of the thread's time: 0.5 %, and 2 % while new groups come. */
const LOOK_SHARE = 200, SOON_SHARE = 50;
/** A group without invocations is forgotten after this time. */
const FORGET_NS = 10_000_000_000;
/** An order is told to be lost after this time in all. Between two decisions nothing is known, so that only so much counts. */
const LOST_NS = 200_000_000, LOST_STEP_NS = 20_000_000;
/** An invocation that is younger is on its way into its cgroup, perhaps: no order is lost by where it is. */
const PASSING_NS = 100_000_000;
/** Processes that are remembered per group, to reach it through. */
const MOST_PIDS = 32;

/** One group, and what the decision in progress knows of it. */
interface Node {
  readonly info: GroupInfo;
  readonly weight: GroupWeight;
  readonly pids: Set<number>;
  /** Whether it holds a task of no function; undefined until that has been looked for. */
  foreign: boolean | undefined;
  seenNs: number;
  /** Numbers of the latest decisions in which it held a chosen invocation, was to be demoted, or was not to be touched. */
  chosenIn: number;
  wantedIn: number;
  keptIn: number;
  /** Number of the decision that demoted it last. */
  loweredIn: number;
  /** How long it should have been demoted and could not be; Infinity once that has been told. */
  lostNs: number;
}

/** What is told to people, once for each group. */
export type Note = (text: string) => void;

/** Follows the groups of invocations, and demotes and promotes them. */
export class Groups implements Disposable {
  readonly #nodes = new Map<number, Node>();
  /** From the topmost down, by the key of the last; undefined where a group could not be found. */
  readonly #chains = new Map<number, Node[] | undefined>();
  readonly #demoted = new Set<Node>();
  readonly #waiting = new Set<Node[]>();
  /** Those of them in which one waits that is not just passing. */
  readonly #settled = new Set<Node[]>();
  #decision = 0;
  #nowNs = 0;
  #beforeNs = 0;
  #lookedNs = 0;
  #lookCostNs = 0;
  #sessionsTold = false;

  /**
   * @param errors counts failures, by reason
   * @param clock nanoseconds, to know what looking costs
   */
  constructor(
    readonly machine: GroupMachine,
    readonly journal: ChangeJournal,
    readonly errors: Record<string, number>,
    readonly note: Note,
    readonly clock: () => number,
  ) {}

  /** Begins a decision: afterwards each invocation is told by one of the next three. */
  begin(nowNs: number): void {
    this.#decision++;
    this.#beforeNs = this.#nowNs;
    this.#nowNs = nowNs;
    this.#waiting.clear();
    this.#settled.clear();
  }

  /** An invocation that is to run is in this group. */
  chosen(key: number, pid: number): void {
    for (const node of this.#chainOf(key, pid) ?? []) node.chosenIn = this.#decision;
  }

  /**
   * An invocation that wants a CPU and is not to have one is in this group.
   * @param startNs when it began
   */
  waiting(key: number, pid: number, startNs: number): void {
    const chain = this.#chainOf(key, pid);
    if (!chain) return;
    this.#waiting.add(chain);
    if (this.#nowNs - startNs >= PASSING_NS) this.#settled.add(chain);
  }

  /** An invocation that wants no CPU is in this group: it stays what it is, as far as the others are concerned. */
  blocked(key: number, pid: number): void {
    for (const node of this.#chainOf(key, pid) ?? []) node.keptIn = this.#decision;
  }

  /**
   * Carries the decision out.
   * @returns how many groups were demoted and promoted
   */
  apply(): { demotions: number; promotions: number } {
    this.#look();
    let demotions = 0, promotions = 0;
    const wanted: Node[] = [];
    for (const chain of this.#waiting) {
      const top = chain.find((node) => node.chosenIn !== this.#decision && node.foreign === false);
      if (!top) {
        if (this.#settled.has(chain)) this.#tell(chain);
      } else if (top.wantedIn !== this.#decision) {
        top.wantedIn = this.#decision;
        wanted.push(top);
      }
    }
    for (const node of this.#demoted) {
      const stays = node.wantedIn === this.#decision ||
        (node.keptIn === this.#decision && node.chosenIn !== this.#decision && node.foreign === false);
      if (!stays && this.#promote(node)) promotions++;
    }
    for (const node of wanted) {
      if (!node.weight.demote()) continue;
      this.#demoted.add(node);
      node.loweredIn = this.#decision;
      demotions++;
    }
    return { demotions, promotions };
  }

  /**
   * Whether this group, or one around it, was demoted by the latest decision. What runs in it then is to be picked anew by the kernel:
   * with EEVDF a running group whose weight falls goes on for as long as it was owed CPU time, and the more it weighed less, the
   * longer it is kept from being preempted, by whoever: tenths of a second were seen (6.18).
   */
  lowered(key: number): boolean {
    const chain = this.#chains.get(key);
    return chain !== undefined && chain.some((node) => node.loweredIn === this.#decision);
  }

  /** Gives every group back what it had. Returns how many were promoted. */
  promoteAll(): number {
    let promotions = 0;
    for (const node of this.#demoted) if (this.#promote(node)) promotions++;
    return promotions;
  }

  [Symbol.dispose](): void {
    this.promoteAll();
    for (const { info } of this.#nodes.values()) info.file.close();
    this.machine[Symbol.dispose]();
  }

  #promote(node: Node): boolean {
    const changed = node.weight.promote();
    if (!node.weight.demoted) this.#demoted.delete(node);
    return changed;
  }

  #chainOf(key: number, pid: number): Node[] | undefined {
    if (key === 0) return undefined;
    let chain = this.#chains.get(key);
    if (!chain && !this.#chains.has(key)) {
      const pids = new Set([pid]);
      chain = this.machine.chain(key, pids)?.map((info) => this.#nodeOf(info, pids));
      if (!chain) this.#count("group_not_found");
      else if (chain.length === 0) return this.#tellSessions();
      this.#chains.set(key, chain);
    }
    const own = chain?.at(-1);
    if (!own) return undefined;
    if (own.pids.size >= MOST_PIDS && !own.pids.has(pid)) own.pids.delete([...own.pids][0]!);
    own.pids.add(pid);
    for (const node of chain!) node.seenNs = this.#nowNs;
    return chain;
  }

  #nodeOf(info: GroupInfo, pids: Set<number>): Node {
    const known = this.#nodes.get(info.key);
    if (known) return known;
    const node: Node = {
      info,
      weight: new GroupWeight(info.file, this.journal, this.errors),
      pids,
      foreign: undefined,
      seenNs: 0,
      chosenIn: 0,
      wantedIn: 0,
      keptIn: 0,
      loweredIn: -1,
      lostNs: 0,
    };
    this.#nodes.set(info.key, node);
    return node;
  }

  /** Looks for tasks of no function, where that is due. */
  #look(): void {
    if (this.#waiting.size === 0 && this.#demoted.size === 0) return;
    let fresh = false;
    for (const chain of this.#waiting) fresh ||= chain.some(({ foreign }) => foreign === undefined);
    const pause = fresh
      ? Math.max(SOON_NS, SOON_SHARE * this.#lookCostNs)
      : Math.max(LOOK_NS, LOOK_SHARE * this.#lookCostNs);
    if (this.#lookedNs !== 0 && this.#nowNs - this.#lookedNs < pause) return;
    this.#lookedNs = this.#nowNs;
    const startNs = this.clock(), foreign = this.machine.foreign();
    if (!foreign) this.#count("group_look_failed");
    this.#forget();
    for (const [key, node] of this.#nodes) {
      node.foreign = !foreign || foreign.has(key);
      node.weight.retry();
    }
    this.#lookCostNs = this.clock() - startNs;
  }

  /** Drops groups that have been without invocations for long, and what could not be found, which may be tried again. */
  #forget(): void {
    for (const [key, chain] of this.#chains) {
      if (!chain || this.#nowNs - chain.at(-1)!.seenNs > FORGET_NS) this.#chains.delete(key);
    }
    for (const [key, node] of this.#nodes) {
      if (this.#nowNs - node.seenNs <= FORGET_NS || node.weight.demoted) continue;
      node.info.file.close();
      this.#nodes.delete(key);
    }
  }

  /** Of a group that should be demoted and cannot be: which order is lost, where that is so for more than a moment. */
  #tell(chain: Node[]): void {
    const own = chain.at(-1)!;
    if (!own.foreign || own.chosenIn === this.#decision || own.lostNs === Infinity) return;
    own.lostNs += Math.min(this.#nowNs - this.#beforeNs, LOST_STEP_NS);
    if (own.lostNs < LOST_NS) return;
    own.lostNs = Infinity;
    this.#count("group_shared");
    this.note(
      `"${
        shown(own.info.label)
      }" holds processes of no function: functions in it are ordered among each other, ` +
        "not against those elsewhere",
    );
  }

  /** Of sessions that cannot be weighed: none is, so this is told once. */
  #tellSessions(): undefined {
    if (this.#sessionsTold) return;
    this.#sessionsTold = true;
    this.#count("sessions_not_ordered");
    this.note(
      "functions in sessions of their own are not ordered against each other: it takes CAP_SYS_ADMIN to change the " +
        "weight of a session's autogroup more often than ten times a second",
    );
  }

  #count(reason: string): void {
    this.errors[reason] = (this.errors[reason] ?? 0) + 1;
  }
}
