import assert from "node:assert/strict";
import { readAsset } from "../../ffi/assets.ts";
import { Btf } from "../../ffi/btf.ts";
import { Libbpf } from "../../ffi/libbpf.ts";
import { memoryAt } from "../../ffi/memory.ts";
import { randomBelow } from "../observe/random.ts";

/** Types of the built object. */
function builtBtf(): Btf {
  return new Btf(builtRawBtf());
}

/** The same, as bytes. */
function builtRawBtf(): Uint8Array {
  using library = new Libbpf();
  using object = library.open(readAsset("bpf/observe.bpf.o"), "observe");
  const c = library.symbols, size = new Uint32Array(1);
  const raw = c.btf__raw_data(c.bpf_object__btf(object.pointer), size);
  assert.ok(raw);
  return new Uint8Array(memoryAt(raw, size[0]!).slice(0));
}

/** One type of a hand-made BTF: the three common words, and what follows them. */
interface RawType {
  name: number;
  kind: number;
  vlen?: number;
  sizeOrType: number;
  more?: number[];
}

/** BTF with these types (the first has id 1) and strings. */
function rawBtf(types: RawType[], strings: string): Uint8Array {
  const words = types.flatMap(({ name, kind, vlen, sizeOrType, more }) => [
    name,
    (kind << 24) | (vlen ?? 0),
    sizeOrType,
    ...more ?? [],
  ]);
  const text = new TextEncoder().encode(strings);
  const raw = new Uint8Array(24 + 4 * words.length + text.length);
  const view = new DataView(raw.buffer);
  view.setUint16(0, 0xeb9f, true);
  view.setUint8(2, 1);
  [24, 0, 4 * words.length, 4 * words.length, text.length].forEach((value, i) =>
    view.setUint32(4 + 4 * i, value, true)
  );
  words.forEach((value, i) => view.setUint32(24 + 4 * i, value, true));
  raw.set(text, 24 + 4 * words.length);
  return raw;
}

const INT = 1, PTR = 2, ARRAY = 3, STRUCT = 4, TYPEDEF = 8;

Deno.test("Btf.struct() gives the built object's offsets and sizes, arrays and nested structs included", () => {
  const btf = builtBtf();
  const slot = btf.struct("alps_slot");
  assert.equal(slot.size, 256);
  assert.deepEqual(slot.fields["cpu_ns"], { offset: 32, size: 8 });
  assert.deepEqual(slot.fields["reserved"], { offset: 184, size: 8 });
  assert.deepEqual(slot.fields["waiting"], { offset: 192, size: 64 });
  const question = btf.struct("alps_classify");
  assert.deepEqual(question.fields["key"], { offset: 72, size: 296 });
  assert.deepEqual(question.fields["args"], { offset: 384, size: 512 });
});

Deno.test("Btf.struct() of the built object leaves no hole: every byte belongs to a field", () => {
  const btf = builtBtf();
  for (
    const name of [
      "alps_slot",
      "alps_event",
      "alps_key",
      "alps_classify",
      "alps_adopt",
      "alps_shared",
      "alps_member",
    ]
  ) {
    const { size, fields } = btf.struct(name);
    const end = Object.values(fields).reduce((at, field) => {
      assert.equal(field.offset, at, `${name} has a hole before byte ${field.offset}`);
      return field.offset + field.size;
    }, 0);
    assert.equal(end, size, `${name} has a hole at its end`);
  }
});

Deno.test("Btf.enum() gives names and values", () => {
  const btf = builtBtf();
  assert.equal(btf.enum("alps_limits")["ALPS_SLOTS"], 16384);
  assert.deepEqual(btf.enum("alps_slot_state"), { ALPS_SLOT_FREE: 0, ALPS_SLOT_BUSY: 1 });
});

Deno.test("Btf.section() gives the tunables with their sizes", () => {
  const tunables = builtBtf().section(".rodata");
  assert.equal(tunables["max_wait_ns"]?.size, 8);
  assert.equal(tunables["kick_interval_ns"]?.size, 8);
});

Deno.test("Btf names what it does not have", () => {
  const btf = builtBtf();
  assert.throws(() => btf.struct("no_such"), /cannot find struct no_such/);
  assert.throws(() => btf.enum("no_such"), /cannot find enum no_such/);
  assert.throws(() => btf.section(".no_such"), /cannot find section \.no_such/);
});

Deno.test("Btf.struct() follows pointers, typedefs and arrays of a hand-made BTF", () => {
  // u32; typedef to it; two of them in an array; struct { u32 *p; typedef array[2] }
  const btf = new Btf(rawBtf(
    [
      { name: 1, kind: INT, sizeOrType: 4, more: [32] },
      { name: 5, kind: TYPEDEF, sizeOrType: 1 },
      { name: 0, kind: ARRAY, sizeOrType: 0, more: [2, 1, 2] },
      { name: 0, kind: PTR, sizeOrType: 1 },
      { name: 10, kind: STRUCT, vlen: 2, sizeOrType: 16, more: [12, 4, 0, 14, 3, 64] },
    ],
    "\0u32\0my_t\0s\0p\0a\0",
  ));
  assert.deepEqual(btf.struct("s"), {
    size: 16,
    fields: { p: { offset: 0, size: 8 }, a: { offset: 8, size: 8 } },
  });
});

Deno.test("Btf says that it cannot read what is no BTF", () => {
  const whole = rawBtf([{ name: 1, kind: INT, sizeOrType: 4, more: [32] }], "\0u32\0");
  const cases: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["one byte", new Uint8Array([0x9f])],
    ["text", new TextEncoder().encode("this is no BTF, whatever its length may be")],
    ["the header cut short", whole.subarray(0, 20)],
    ["the types cut short", whole.subarray(0, 30)],
    ["the strings cut short", whole.subarray(0, whole.length - 3)],
  ];
  for (const [what, raw] of cases) {
    assert.throws(() => new Btf(raw), { message: /^cannot read BTF: / }, what);
  }
});

Deno.test("Btf.struct() does not follow a type that contains itself for ever", () => {
  const typedefs = rawBtf([
    { name: 1, kind: TYPEDEF, sizeOrType: 2 },
    { name: 1, kind: TYPEDEF, sizeOrType: 1 },
    { name: 3, kind: STRUCT, vlen: 1, sizeOrType: 8, more: [1, 1, 0] },
  ], "\0t\0s\0");
  assert.throws(() => new Btf(typedefs).struct("s"), { message: /^cannot tell the size of BTF type/ });
});

Deno.test("Btf either reads mangled bytes or says that it cannot: it never fails otherwise", () => {
  const good = builtRawBtf();
  const random = randomBelow(7);
  for (let round = 0; round < 60; round++) {
    const raw = good.slice(0, random(4) === 0 ? random(good.length) : good.length);
    for (let i = 0; i < 20 && raw.length > 0; i++) {
      raw[random(2) === 0 ? random(Math.min(raw.length, 32)) : random(raw.length)] = random(256);
    }
    try {
      const btf = new Btf(raw);
      btf.struct("alps_event");
      btf.enum("alps_limits");
      btf.section(".rodata");
    } catch (error) {
      assert.match(String(error), /^Error: cannot (read BTF|find|tell the size)/);
    }
  }
});
