import assert from "node:assert/strict";
import { RingReader } from "../../ffi/ring.ts";

const PAGE = 4096, SIZE = 4096, HEADER = 8, BUSY = 0x8000_0000, DISCARDED = 0x4000_0000;

/** The kernel's side of a ring buffer, in plain memory. */
class FakeRing {
  readonly consumerPage = new ArrayBuffer(PAGE);
  readonly producerPages = new ArrayBuffer(PAGE + 2 * SIZE);
  readonly consumer = new BigUint64Array(this.consumerPage);
  readonly producer = new BigUint64Array(this.producerPages, 0, 1);
  readonly data = new DataView(this.producerPages, PAGE);
  unmapped = 0;

  constructor(position = 0n) {
    this.consumer[0] = this.producer[0] = position;
  }

  map(_fd: number, bytes: number, offset: number, writable: boolean): { buffer: ArrayBuffer } & Disposable {
    const buffer = offset === 0 ? this.consumerPage : this.producerPages;
    assert.equal(buffer.byteLength, bytes);
    assert.equal(writable, offset === 0, "the producer's pages cannot be mapped for writing");
    return { buffer, [Symbol.dispose]: () => void this.unmapped++ };
  }

  /** Writes a record of `bytes` bytes that begins with `value`; returns the place of its header. */
  produce(value: number, bytes = 8, flags = 0): number {
    const at = Number(this.producer[0]! % BigInt(SIZE));
    this.#set(at, (bytes | flags) >>> 0);
    for (let i = 0; i < bytes; i += 4) this.#set((at + HEADER + i) % SIZE, i === 0 ? value : value + i);
    this.producer[0]! += BigInt((bytes + HEADER + 7) & ~7);
    return at;
  }

  /** Memory is there twice in a row. */
  #set(at: number, value: number): void {
    this.data.setUint32(at, value, true);
    this.data.setUint32(at + SIZE, value, true);
  }

  commit(at: number, bytes = 8): void {
    this.#set(at, bytes);
  }
}

/** First words of all records that are there. */
function drained(reader: RingReader): number[] {
  const values: number[] = [];
  assert.equal(reader.drain((words, at) => values.push(words[at]!)), values.length);
  return values;
}

Deno.test("RingReader.drain() hands over records in order and gives their room back", () => {
  const ring = new FakeRing();
  using reader = new RingReader(ring, 3, SIZE);
  assert.deepEqual(drained(reader), []);
  ring.produce(1);
  ring.produce(2, 72);
  ring.produce(3, 12); // takes 24 bytes with its header: rounded up to 8
  assert.deepEqual(drained(reader), [1, 2, 3]);
  assert.equal(ring.consumer[0], ring.producer[0]);
  assert.deepEqual(drained(reader), []);
});

Deno.test("RingReader.drain() stops at a record that is still being written, and goes on once it is done", () => {
  const ring = new FakeRing();
  using reader = new RingReader(ring, 3, SIZE);
  ring.produce(1);
  const second = ring.produce(2, 8, BUSY);
  ring.produce(3);
  assert.deepEqual(drained(reader), [1]);
  assert.equal(ring.consumer[0], 16n, "its room is not given back");
  ring.commit(second);
  assert.deepEqual(drained(reader), [2, 3]);
});

Deno.test("RingReader.drain() passes over records that were given up", () => {
  const ring = new FakeRing();
  using reader = new RingReader(ring, 3, SIZE);
  ring.produce(1, 8, DISCARDED);
  ring.produce(2);
  assert.deepEqual(drained(reader), [2]);
  assert.equal(ring.consumer[0], 32n);
});

Deno.test("RingReader.drain() reads on over the end of the ring many times, records across the end included", () => {
  const ring = new FakeRing();
  using reader = new RingReader(ring, 3, SIZE);
  for (let i = 0; i < 1000; i++) {
    ring.produce(i, 72); // 80 bytes with the header do not divide the ring
    const seen: number[][] = [];
    reader.drain((words, at, bytes) => {
      seen.push([...words.subarray(at, at + 18)]);
      assert.equal(bytes.length, 2 * SIZE);
      assert.equal(new DataView(bytes.buffer, bytes.byteOffset).getUint32(4 * at, true), i);
    });
    assert.deepEqual(seen, [Array.from({ length: 18 }, (_, k) => k === 0 ? i : i + 4 * k)]);
  }
});

Deno.test("RingReader.drain() keeps its place where the positions pass 4 GiB", () => {
  const start = 2n ** 32n - 32n;
  const ring = new FakeRing(start);
  using reader = new RingReader(ring, 3, SIZE);
  for (let i = 0; i < 4; i++) {
    ring.produce(10 + i);
    assert.deepEqual(drained(reader), [10 + i]);
  }
  assert.equal(ring.consumer[0], start + 64n);
});

Deno.test("RingReader unmaps both of its mappings", () => {
  const ring = new FakeRing();
  {
    using _reader = new RingReader(ring, 3, SIZE);
  }
  assert.equal(ring.unmapped, 2);
});

Deno.test("RingReader unmaps the first mapping where the second cannot be had", () => {
  const ring = new FakeRing();
  const map: FakeRing["map"] = (fd, bytes, offset, writable) => {
    if (offset !== 0) throw new Error("no more memory");
    return ring.map(fd, bytes, offset, writable);
  };
  assert.throws(() => new RingReader({ map }, 3, SIZE), /no more memory/);
  assert.equal(ring.unmapped, 1);
});
