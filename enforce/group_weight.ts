/** Demoting a whole scheduling group by the smallest weight, and putting it back as it was. */

import { ENODEV, ENOENT, ESRCH } from "../ffi/errors.ts";
import type { CgroupChange, ChangeJournal } from "./change_journal.ts";

/** Where a group's weight is read and written. */
export interface WeightFile {
  /** What a demoted group has. */
  readonly least: string;
  /** The weight, or the errno, negative. */
  read(): string | number;
  /** Returns 0, or the errno, negative. */
  write(weight: string): number;
  /** What is to be recorded before `least` is written. */
  change(before: string): CgroupChange;
  close(): void;
}

/**
 * One group. It is demoted by its weight and not by `cpu.idle`: that came out no faster and hardly stronger (see
 * docs/how-it-works.md), and while a cgroup is idle nobody else can set its weight, which is lost on top.
 */
export class GroupWeight {
  #before: string | undefined;
  #record = -1;
  /** It could not be demoted: it is left alone until {@link retry}. */
  #refused = false;

  /** @param errors counts failures here, by reason */
  constructor(
    readonly file: WeightFile,
    readonly journal: ChangeJournal,
    readonly errors: Record<string, number>,
  ) {}

  get demoted(): boolean {
    return this.#before !== undefined;
  }

  /** Lets a group that could not be demoted be tried again. */
  retry(): void {
    this.#refused = false;
  }

  /** Gives it the smallest weight. Returns whether anything was changed. */
  demote(): boolean {
    if (this.demoted || this.#refused) return false;
    const before = this.file.read();
    if (typeof before === "number") return this.#failed("read", before);
    if (before === this.file.least) return false;
    const record = this.journal.beforeCgroup(this.file.change(before));
    if (record < 0) return this.#failed("record", 0);
    const status = this.file.write(this.file.least);
    if (status < 0) {
      this.journal.done(record);
      return this.#failed("demote", status);
    }
    this.#before = before;
    this.#record = record;
    return true;
  }

  /**
   * Gives it back the weight that it had. One that someone else has set meanwhile stays.
   * @returns whether anything was changed
   */
  promote(): boolean {
    if (this.#before === undefined) return false;
    const now = this.file.read();
    const status = now === this.file.least
      ? this.file.write(this.#before)
      : typeof now === "number"
      ? now
      : 0;
    // What could not be put back, though it is there, stays ours: it is tried again.
    if (status < 0 && !isGone(status)) return this.#failed("promote", status);
    if (status < 0) this.#failed("promote", status);
    this.#before = undefined;
    this.journal.done(this.#record);
    return now === this.file.least && status === 0;
  }

  #failed(action: string, status: number): false {
    if (!this.demoted) this.#refused = true;
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
