/**
 * A binary heap of jobs with a key each, for queues of a million: two typed arrays that grow, and no object per job.
 */

/**
 * A minimum heap: the least key is on top, and of equal keys the least job. Unlike `IndexedHeap` of `learn/heap.ts` it
 * cannot remove what is not on top, and so need not keep track of where every job is: half the memory traffic.
 */
export class MinHeap {
  #keys: Float64Array;
  #jobs: Int32Array;
  #size = 0;

  /** @param capacity room to begin with; it grows by itself */
  constructor(capacity = 64) {
    this.#keys = new Float64Array(Math.max(capacity, 1));
    this.#jobs = new Int32Array(Math.max(capacity, 1));
  }

  get size(): number {
    return this.#size;
  }

  /** The least key, Infinity where the heap is empty. */
  topKey(): number {
    return this.#size > 0 ? this.#keys[0]! : Infinity;
  }

  /** The job with the least key, −1 where the heap is empty. */
  top(): number {
    return this.#size > 0 ? this.#jobs[0]! : -1;
  }

  push(job: number, key: number): void {
    if (this.#size === this.#jobs.length) this.#grow();
    const keys = this.#keys, jobs = this.#jobs;
    let place = this.#size++;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const parentKey = keys[parent]!;
      if (parentKey < key || (parentKey === key && jobs[parent]! < job)) break;
      keys[place] = parentKey;
      jobs[place] = jobs[parent]!;
      place = parent;
    }
    keys[place] = key;
    jobs[place] = job;
  }

  /** Removes and returns the job on top, −1 where the heap is empty. */
  pop(): number {
    if (this.#size === 0) return -1;
    const keys = this.#keys, jobs = this.#jobs;
    const top = jobs[0]!;
    const size = --this.#size;
    const key = keys[size]!, job = jobs[size]!;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= size) break;
      let childKey = keys[child]!;
      const right = child + 1;
      if (right < size) {
        const rightKey = keys[right]!;
        if (rightKey < childKey || (rightKey === childKey && jobs[right]! < jobs[child]!)) {
          child = right;
          childKey = rightKey;
        }
      }
      if (key < childKey || (key === childKey && job < jobs[child]!)) break;
      keys[place] = childKey;
      jobs[place] = jobs[child]!;
      place = child;
    }
    keys[place] = key;
    jobs[place] = job;
    return top;
  }

  /** Gives every job a new key. Costs O(size · log size). */
  rekey(keyOf: (job: number) => number): void {
    const jobs = this.#jobs.slice(0, this.#size);
    this.#size = 0;
    for (const job of jobs) this.push(job, keyOf(job));
  }

  #grow(): void {
    const keys = new Float64Array(2 * this.#keys.length), jobs = new Int32Array(2 * this.#jobs.length);
    keys.set(this.#keys);
    jobs.set(this.#jobs);
    this.#keys = keys;
    this.#jobs = jobs;
  }
}
