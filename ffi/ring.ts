/**
 * Reads a BPF ring buffer by mapping it, record by record, without copying (kernel/bpf/ringbuf.c: one page with the
 * consumer's position, one with the producer's, then the data twice in a row, so that no record is split).
 */

import type { Libc } from "./libc.ts";

const PAGE = 4096;
const BUSY = 0x8000_0000, DISCARDED = 0x4000_0000, HEADER = 8;

/** Called for each record: its words lie at `words[at]` and following, its bytes at `bytes[4 * at]`. */
export type RecordHandler = (words: Uint32Array, at: number, bytes: Uint8Array) => void;

/** The only reader of one ring buffer. */
export class RingReader implements Disposable {
  readonly #mappings: DisposableStack;
  readonly #consumer: BigUint64Array;
  readonly #producer: Int32Array;
  readonly #words: Uint32Array;
  readonly #lengths: Int32Array;
  readonly #bytes: Uint8Array;
  #position: number;

  /** @param size of the ring in bytes (`max_entries`): a power of two */
  constructor(libc: Pick<Libc, "map">, readonly fd: number, readonly size: number) {
    using mappings = new DisposableStack();
    const { buffer: consumer } = mappings.use(libc.map(fd, PAGE, 0, true));
    const { buffer: producer } = mappings.use(libc.map(fd, PAGE + 2 * size, PAGE, false));
    this.#mappings = mappings.move();
    this.#consumer = new BigUint64Array(consumer);
    this.#producer = new Int32Array(producer, 0, 2);
    this.#words = new Uint32Array(producer, PAGE);
    this.#lengths = new Int32Array(producer, PAGE);
    this.#bytes = new Uint8Array(producer, PAGE);
    this.#position = Number(this.#consumer[0]!);
  }

  /** Hands over every record that is complete. Returns how many. */
  drain(handle: RecordHandler): number {
    const mask = this.size - 1;
    let records = 0;
    for (;;) {
      // The low half is enough to compare: the ring is far smaller than 4 GiB.
      const end = Atomics.load(this.#producer, 0) >>> 0;
      if (this.#position % 0x1_0000_0000 === end) return records;
      while (this.#position % 0x1_0000_0000 !== end) {
        const at = (this.#position & mask) >>> 2;
        const length = Atomics.load(this.#lengths, at) >>> 0;
        if (length & BUSY) return records; // its producer still writes; it wakes us when done
        if (!(length & DISCARDED)) {
          handle(this.#words, at + HEADER / 4, this.#bytes);
          records++;
        }
        this.#position += ((length & ~(BUSY | DISCARDED)) + HEADER + 7) & ~7;
        Atomics.store(this.#consumer, 0, BigInt(this.#position));
      }
    }
  }

  [Symbol.dispose](): void {
    this.#mappings.dispose();
  }
}
