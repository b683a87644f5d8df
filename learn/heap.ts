/**
 * A binary heap of small integers (positions in a list), ordered by a key per integer.
 */

/**
 * A minimum heap of the integers 0 … capacity − 1, each at most once; the least key is on top, and of equal keys the
 * least integer. Adding, removing the top and removing any other member cost O(log size).
 */
export class IndexedHeap {
  readonly #members: Int32Array;
  readonly #keys: Float64Array;
  /** Where each integer is in `#members`, −1 where it is not. */
  readonly #places: Int32Array;
  #size = 0;

  /** @param capacity one more than the greatest integer that may be added */
  constructor(capacity: number) {
    this.#members = new Int32Array(capacity);
    this.#keys = new Float64Array(capacity);
    this.#places = new Int32Array(capacity).fill(-1);
  }

  get size(): number {
    return this.#size;
  }

  has(member: number): boolean {
    return this.#places[member]! >= 0;
  }

  /** The member with the least key, −1 where the heap is empty. */
  top(): number {
    return this.#size > 0 ? this.#members[0]! : -1;
  }

  /** The least key, Infinity where the heap is empty. */
  topKey(): number {
    return this.#size > 0 ? this.#keys[this.#members[0]!]! : Infinity;
  }

  /** Adds an integer that is not a member yet. */
  push(member: number, key: number): void {
    this.#keys[member] = key;
    this.#rise(this.#size++, member);
  }

  /** Removes and returns the top, −1 where the heap is empty. */
  pop(): number {
    const top = this.top();
    if (top >= 0) this.remove(top);
    return top;
  }

  clear(): void {
    for (let place = 0; place < this.#size; place++) this.#places[this.#members[place]!] = -1;
    this.#size = 0;
  }

  /** Removes a member; nothing happens where it is none. */
  remove(member: number): void {
    const place = this.#places[member]!;
    if (place < 0) return;
    this.#places[member] = -1;
    const last = this.#members[--this.#size]!;
    if (last === member) return;
    // The last one takes the vacant place; only one of the two moves changes anything.
    this.#rise(place, last);
    this.#sink(this.#places[last]!, last);
  }

  #before(a: number, b: number): boolean {
    const keyA = this.#keys[a]!, keyB = this.#keys[b]!;
    return keyA < keyB || (keyA === keyB && a < b);
  }

  #rise(place: number, member: number): void {
    while (place > 0) {
      const parentPlace = (place - 1) >> 1;
      const parent = this.#members[parentPlace]!;
      if (!this.#before(member, parent)) break;
      this.#put(place, parent);
      place = parentPlace;
    }
    this.#put(place, member);
  }

  #sink(place: number, member: number): void {
    for (;;) {
      let childPlace = 2 * place + 1;
      if (childPlace >= this.#size) break;
      let child = this.#members[childPlace]!;
      if (childPlace + 1 < this.#size && this.#before(this.#members[childPlace + 1]!, child)) {
        child = this.#members[++childPlace]!;
      }
      if (!this.#before(child, member)) break;
      this.#put(place, child);
      place = childPlace;
    }
    this.#put(place, member);
  }

  #put(place: number, member: number): void {
    this.#members[place] = member;
    this.#places[member] = place;
  }
}
