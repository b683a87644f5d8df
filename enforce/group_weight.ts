/** Demoting a whole scheduling group by the smallest weight, raising it above others, and putting it back as it was. */

import { ENODEV, ENOENT, ESRCH } from "../ffi/errors.ts";
import type { CgroupChange, ChangeJournal } from "./change_journal.ts";

/** Where a group's weight is read and written. */
export interface WeightFile {
  /** What a demoted group has. */
  readonly least: string;
  /**
   * What a group has that is to weigh `factor` (over 1) times what it weighs with `before`. Left out where a demoted group
   * weighs next to nothing beside one that is not.
   */
  raised?(before: string, factor: number): string;
  /** The weight, or the errno, negative. */
  read(): string | number;
  /** Returns 0, or the errno, negative. */
  write(weight: string): number;
  /** What is to be recorded before `ours` is written. */
  change(before: string, ours: string): CgroupChange;
  close(): void;
}

/**
 * One group. It is demoted by its weight and not by `cpu.idle`: that came out no faster and hardly stronger (see
 * docs/how-it-works.md), and while a cgroup is idle nobody else can set its weight, which is lost on top.
 */
export class GroupWeight {
  /** What it had, and what we gave it instead; undefined where it has its own. */
  #changed: { readonly before: string; readonly ours: string; readonly record: number } | undefined;
  /** By what it is raised, while it is. */
  #factor = 0;
  /** It could not be changed: it is left alone until {@link retry}. */
  #refused = false;

  /** @param errors counts failures here, by reason */
  constructor(
    readonly file: WeightFile,
    readonly journal: ChangeJournal,
    readonly errors: Record<string, number>,
  ) {}

  /** Whether it has a weight from us. */
  get changed(): boolean {
    return this.#changed !== undefined;
  }

  get demoted(): boolean {
    return this.changed && this.#factor === 0;
  }

  /** Lets a group that could not be changed be tried again. */
  retry(): void {
    this.#refused = false;
  }

  /** Gives it the smallest weight. Returns whether anything was changed. */
  demote(): boolean {
    if (this.demoted || !this.#set("demote", () => this.file.least)) return false;
    this.#factor = 0;
    return true;
  }

  /** Makes it weigh `factor` times what it weighed. Returns whether anything was changed. */
  raise(factor: number): boolean {
    const { file } = this;
    if (this.#factor === factor || !file.raised) return false;
    if (!this.#set("raise", (before) => file.raised!(before, factor))) return false;
    this.#factor = factor;
    return true;
  }

  /**
   * Gives it back the weight that it had. One that someone else has set meanwhile stays.
   * @returns whether anything was changed
   */
  restore(): boolean {
    if (!this.#changed) return false;
    const { before, ours, record } = this.#changed;
    const now = this.file.read();
    const status = now === ours ? this.file.write(before) : typeof now === "number" ? now : 0;
    // What could not be put back, though it is there, stays ours: it is tried again.
    if (status < 0 && !isGone(status)) return this.#failed("restore", status);
    if (status < 0) this.#failed("restore", status);
    this.#changed = undefined;
    this.#factor = 0;
    this.journal.done(record);
    return now === ours && status === 0;
  }

  /** What it had before stays known. What someone else has set since is what it had before. */
  #set(action: string, wanted: (before: string) => string): boolean {
    if (this.#refused) return false;
    const now = this.file.read();
    if (typeof now === "number") return this.#failed("read", now);
    const earlier = this.#changed;
    const before = now === earlier?.ours ? earlier.before : now;
    const ours = wanted(before);
    if (ours === now) return false;
    const record = this.journal.beforeCgroup(this.file.change(before, ours));
    if (record < 0) return this.#failed("record", 0);
    const status = this.file.write(ours);
    if (status < 0) {
      this.journal.done(record);
      return this.#failed(action, status);
    }
    if (earlier) this.journal.done(earlier.record);
    this.#changed = { before, ours, record };
    return true;
  }

  #failed(action: string, status: number): false {
    if (!this.changed) this.#refused = true;
    const reason = isGone(status) ? "group_gone" : `group_${action}_refused`;
    this.errors[reason] = (this.errors[reason] ?? 0) + 1;
    return false;
  }
}

/** The cgroup has been removed; or the process whose session it was has ended. */
function isGone(status: number): boolean {
  return [ENODEV, ENOENT, ESRCH].includes(-status);
}

/** What has to be written into a changed file so that it reads `text` again: of an autogroup's, only the nice value. */
export function textToWrite({ file }: Pick<CgroupChange, "file">, text: string): string {
  return file === "autogroup" ? text.slice(text.lastIndexOf(" ") + 1) : text;
}
