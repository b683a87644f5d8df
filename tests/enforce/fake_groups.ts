/** A tree of scheduling groups in memory. */

import type { CgroupChange } from "../../enforce/change_journal.ts";
import type { GroupInfo, GroupMachine } from "../../enforce/group_machine.ts";

export class FakeGroups implements GroupMachine {
  readonly parents = new Map<number, number>();
  readonly weights = new Map<number, string>();
  /** Groups that refuse writing, with the errno. */
  readonly refuse = new Map<number, number>();
  /** Sessions that this process may not weigh. */
  readonly unweighable = new Set<number>();
  strangers = new Set<number>();
  looks = 0;
  closed = 0;

  constructor(readonly least = "1") {}

  add(key: number, parent = 0, weight = "100"): void {
    this.parents.set(key, parent);
    this.weights.set(key, weight);
  }

  remove(key: number): void {
    this.weights.delete(key);
  }

  get demoted(): number[] {
    return [...this.weights].filter(([, weight]) => weight === this.least).map(([key]) => key);
  }

  chain(key: number): GroupInfo[] | undefined {
    if (this.unweighable.has(key)) return [];
    if (!this.weights.has(key)) return undefined;
    const above = this.parents.get(key)! === 0 ? [] : this.chain(this.parents.get(key)!)!;
    const change = (before: string): CgroupChange => ({
      path: `/g/${key}`,
      inode: key,
      file: "cpu.weight",
      before,
      ours: this.least,
    });
    return [...above, {
      key,
      label: `/g/${key}`,
      file: {
        least: this.least,
        read: () => this.weights.get(key) ?? -19,
        write: (weight) => {
          if (!this.weights.has(key)) return -19;
          if (this.refuse.has(key)) return -this.refuse.get(key)!;
          this.weights.set(key, weight);
          return 0;
        },
        change,
        close: () => void this.closed++,
      },
    }];
  }

  foreign(): Set<number> {
    this.looks++;
    const all = new Set<number>();
    for (let key of this.strangers) for (; key !== 0; key = this.parents.get(key) ?? 0) all.add(key);
    return all;
  }

  [Symbol.dispose](): void {}
}
