/** Choosing which invocations run. Pure: no kernel here. */

/** The best few of many, by lowest rank, kept in order. Reused from decision to decision: it allocates nothing. */
export class Selection<T> {
  readonly items: T[] = [];
  readonly #ranks: number[] = [];

  /** @param capacity how many are kept at most: the number of CPUs */
  constructor(readonly capacity: number) {}

  /** An item is taken where its rank is below this. */
  get limit(): number {
    return this.items.length < this.capacity ? Infinity : this.#ranks[this.capacity - 1]!;
  }

  clear(): void {
    this.items.length = 0;
    this.#ranks.length = 0;
  }

  /** Offers one; of equal ranks the one offered first stays ahead. */
  offer(item: T, rank: number): void {
    let at = this.items.length;
    if (at === this.capacity) {
      if (!(rank < this.#ranks[at - 1]!)) return;
      at--;
    } else {
      this.items.push(item);
      this.#ranks.push(rank);
    }
    while (at > 0 && rank < this.#ranks[at - 1]!) {
      this.items[at] = this.items[at - 1]!;
      this.#ranks[at] = this.#ranks[at - 1]!;
      at--;
    }
    this.items[at] = item;
    this.#ranks[at] = rank;
  }
}
