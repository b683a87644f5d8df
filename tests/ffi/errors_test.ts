import assert from "node:assert/strict";
import { errnoName, KernelError, NotSupportedError, verifierReason } from "../../ffi/errors.ts";

/** What libbpf 1.5 and Linux 6.18 said about a program that adds a random number to a pointer, shortened. */
const UNBOUNDED = `libbpf: prog 'bad': BPF program load failed: Permission denied
libbpf: prog 'bad': -- BEGIN PROG LOAD LOG --
0: R1=ctx() R10=fp0
; int BPF_PROG(bad, bool preempt) @ unbounded.bpf.c:7
0: (b4) w6 = 0                        ; R6=0
2: (bf) r2 = r10                      ; R2=fp0 R10=fp0
3: (07) r2 += -4                      ; R2=fp-4
4: (18) r1 = 0xffff88810468de00       ; R1=map_ptr(map=m,ks=4,vs=64)
6: (85) call bpf_map_lookup_elem#1    ; R0=map_value(map=m,ks=4,vs=64)
from 8 to 9: R0=map_value(map=m,ks=4,vs=64) R6=0 R10=fp0 fp-8=0000????
; return v[bpf_get_prandom_u32()]; @ unbounded.bpf.c:8
9: (85) call bpf_get_prandom_u32#7    ; R0=scalar()
10: (bc) w1 = w0                      ; R0=scalar() R1=scalar(smin=0,smax=umax=0xffffffff)
11: (0f) r7 += r1                     ; R7=map_value(map=m,ks=4,vs=64,smin=0,smax=umax=0xffffffff)
12: (71) r6 = *(u8 *)(r7 +0)
R7 unbounded memory access, make sure to bounds check any such access
processed 12 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
-- END PROG LOAD LOG --
libbpf: prog 'bad': failed to load: -13
libbpf: failed to load object 'bad'
`;

Deno.test("verifierReason() ends with why the program was refused, without statistics and state dumps", () => {
  const reason = verifierReason(UNBOUNDED);
  assert.match(reason, /12: \(71\) r6 = \*\(u8 \*\)\(r7 \+0\)\n {2}R7 unbounded memory access/);
  assert.match(reason, /@ unbounded\.bpf\.c:8/, "the line of C is there");
  assert.doesNotMatch(reason, /processed|from 8 to 9|PROG LOAD LOG|^ {2}0: R1/m);
});

Deno.test("verifierReason() shows at most as many lines as were asked for: the last ones", () => {
  assert.equal(verifierReason(UNBOUNDED).split("\n").length, 12);
  assert.deepEqual(verifierReason(UNBOUNDED, 2).split("\n"), [
    "  libbpf: prog 'bad': failed to load: -13",
    "  libbpf: failed to load object 'bad'",
  ]);
});

Deno.test("verifierReason() leaves what libbpf tells along the way aside, but not its reasons", () => {
  const log = "libbpf: loading object 'x' from buffer\n" +
    "libbpf: elf: section(3) .text, size 0, link 0, flags 6, type=1\n" +
    "libbpf: elf: skipping unrecognized data section(7) .eh_frame\n" +
    "libbpf: map 'events': at sec_idx 9, offset 0.\n" +
    "libbpf: map 'events': failed to create: Operation not permitted(-1)\n";
  assert.equal(verifierReason(log), "  libbpf: map 'events': failed to create: Operation not permitted(-1)");
});

Deno.test("verifierReason() shows why a file is no object", () => {
  const log = "libbpf: elf: '55ec5a20d1f0-5' is not a proper ELF object\n";
  assert.equal(verifierReason(log), "  libbpf: elf: '55ec5a20d1f0-5' is not a proper ELF object");
});

Deno.test("KernelError names action and errno, shows the reason, and keeps the whole log", () => {
  const error = new KernelError('cannot load eBPF object "bad"', 13, UNBOUNDED);
  assert.match(error.message, /^cannot load eBPF object "bad": EACCES \(permission denied\)\n/);
  assert.match(error.message, /R7 unbounded memory access/);
  assert.equal(error.log, UNBOUNDED);
  assert.equal(error.errno, 13);
  assert.equal(new KernelError("cannot poll", 9).message, "cannot poll: EBADF (bad file descriptor)");
});

Deno.test("KernelError is one line where its log says nothing of use", () => {
  assert.equal(
    new KernelError("cannot load x", 1, "libbpf: loading x\n\n").message,
    "cannot load x: EPERM (not permitted)",
  );
});

Deno.test("errnoName() knows libbpf's own numbers, and shows the bare number of others", () => {
  assert.match(errnoName(4001), /not a valid eBPF object/);
  assert.match(errnoName(4005), /relocation/);
  assert.equal(errnoName(121), "errno 121");
});

Deno.test("NotSupportedError says what is missing and how to get it", () => {
  const error = new NotSupportedError("no BTF", "use another kernel");
  assert.equal(error.message, "no BTF; use another kernel");
  assert.deepEqual([error.reason, error.remedy], ["no BTF", "use another kernel"]);
});
