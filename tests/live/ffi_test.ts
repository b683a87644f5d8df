import assert from "node:assert/strict";
import { readAsset } from "../../ffi/assets.ts";
import { KernelError } from "../../ffi/errors.ts";
import { Libbpf } from "../../ffi/libbpf.ts";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { Observer } from "../../observe/observer.ts";
import { SlotTable } from "../../observe/slots.ts";
import { compileBpf } from "./compile_bpf.ts";
import { whyNotLive } from "./lab.ts";
import { descriptors, mappedMaps } from "./resources.ts";

function kernelTest(name: string, fn: () => void | Promise<void>): void {
  Deno.test({ name, ignore: whyNotLive !== undefined, fn });
}

const VALUES = `
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 1); __type(key, __u32); __type(value, char[64]); }
values SEC(".maps");
`;

/** Compiles an eBPF program that has the map `values`. */
const compiled = (body: string) => compileBpf(VALUES + body);

/** The error of opening, loading and attaching an object. */
function refusal(object: Uint8Array<ArrayBuffer>): KernelError {
  using library = new Libbpf();
  try {
    using opened = library.open(object, "test");
    opened.load();
    opened.attachAll();
  } catch (error) {
    assert.ok(error instanceof KernelError, String(error));
    return error;
  }
  assert.fail("the kernel took it");
}

kernelTest("Observer leaves no descriptor and no mapping behind, opened and closed 20 times", () => {
  const cycle = () => {
    using observer = new Observer(onlineCpus().length);
    using _slots = new SlotTable(observer.libc, observer.fds.slotsFd);
    observer.addFunction(1);
    observer.adopt([{ pid: 2 ** 22 + 1, functionId: 1, root: 2 ** 22 + 1 }]);
    const held = descriptors();
    assert.ok(held["anon_inode:bpf-map"]! > 5 && held["anon_inode:bpf-prog"]! > 8, JSON.stringify(held));
    assert.ok(mappedMaps() >= 2);
  };
  cycle(); // what is opened once and kept, such as the libraries themselves, is there from now on
  const before = descriptors();
  for (let round = 0; round < 20; round++) cycle();
  assert.deepEqual(descriptors(), before);
  assert.equal(mappedMaps(), 0);
});

kernelTest("Libbpf leaves nothing behind where the kernel refuses an object", async () => {
  const object = await compiled(UNBOUNDED);
  refusal(object);
  const before = descriptors();
  for (let round = 0; round < 5; round++) refusal(object);
  assert.deepEqual(descriptors(), before);
});

const UNBOUNDED = `
SEC("tp_btf/sched_switch")
int BPF_PROG(unbounded, bool preempt)
{
	__u32 key = 0;
	char *value = bpf_map_lookup_elem(&values, &key);

	return value ? value[bpf_get_prandom_u32()] : 0;
}`;

kernelTest("BpfObject.load() shows the verifier's reason, and keeps its whole log", async () => {
  const { message, log, errno } = refusal(await compiled(UNBOUNDED));
  assert.match(message, /^cannot load eBPF object test: EACCES \(permission denied\)\n/);
  assert.match(message, /unbounded memory access/);
  assert.doesNotMatch(message, /processed \d+ insns/);
  assert.ok(message.split("\n").length <= 13);
  assert.equal(errno, 13);
  assert.match(log!, /BEGIN PROG LOAD LOG[^]*R1=ctx[^]*unbounded memory access[^]*processed \d+ insns/);
});

kernelTest("BpfObject.load() shows that a map's value may be NULL", async () => {
  const { message } = refusal(
    await compiled(`
SEC("tp_btf/sched_switch")
int BPF_PROG(null_value, bool preempt)
{
	__u32 key = 0;

	return *(char *)bpf_map_lookup_elem(&values, &key);
}`),
  );
  assert.match(message, /invalid mem access 'map_value_or_null'/);
});

kernelTest("BpfObject.load() shows the reason at the end of a log of several hundred kilobytes", async () => {
  const steps = '	x ^= bpf_get_prandom_u32(); asm volatile("" : "+r"(x));\n'.repeat(1500);
  const { message, log } = refusal(
    await compiled(`
SEC("tp_btf/sched_switch")
int BPF_PROG(lengthy, bool preempt)
{
	__u32 key = 0, x = 1;
	char *value = bpf_map_lookup_elem(&values, &key);

${steps}
	return value ? value[x] : 0;
}`),
  );
  assert.ok(log!.length > 200_000, `${log!.length} characters`);
  assert.match(message, /unbounded memory access|outside of the allowed memory range/);
});

kernelTest("BpfObject.load() names a hook that this kernel does not have", async () => {
  const { message } = refusal(
    await compiled(`
SEC("tp_btf/no_such_hook")
int BPF_PROG(nowhere, bool preempt)
{
	return 0;
}`),
  );
  assert.match(message, /cannot load eBPF object test: ESRCH[^]*no_such_hook/);
});

kernelTest("BpfObject.attachAll() names the program, the errno and the reason", async () => {
  const before = descriptors();
  const { message, errno } = refusal(
    await compiled(`
SEC("tracepoint/sched/no_such_event")
int nowhere(void *ctx)
{
	return 0;
}`),
  );
  assert.match(message, /^cannot attach nowhere of test: ENOENT \(not found\)\n[^]*no_such_event/);
  assert.equal(errno, 2);
  assert.deepEqual(descriptors(), before);
});

Deno.test("Libbpf.open() says of what is no eBPF object that it is none, and why", () => {
  const whole = readAsset("bpf/observe.bpf.o");
  const mangled = whole.slice();
  mangled.fill(0xff, 64, 4096);
  const encode = (text: string) => new TextEncoder().encode(text);
  const cases: [string, Uint8Array<ArrayBuffer>, RegExp][] = [
    ["nothing", new Uint8Array(0), /EINVAL/],
    ["text", encode("this is no object"), /not a valid eBPF object\n.*not a proper ELF object/],
    ["zeros", new Uint8Array(5000), /not a valid eBPF object\n.*not a proper ELF object/],
    ["half of one", whole.slice(0, whole.length / 2), /not a valid eBPF object\n.+/],
    ["a program for this machine", Deno.readFileSync("/bin/true"), /not a valid eBPF object\n.+/],
    ["a mangled one", mangled, /(relocation failed|not a valid eBPF object|EINVAL).*\n.+/],
  ];
  using library = new Libbpf();
  for (const [what, bytes, reason] of cases) {
    assert.throws(() => {
      using _object = library.open(bytes, "test");
    }, (error) => {
      assert.ok(error instanceof KernelError, what);
      assert.match(error.message, /^cannot open eBPF object test: /, what);
      assert.match(error.message, reason, what);
      return true;
    });
  }
});

Deno.test("BpfObject names constants, maps and iterators that it does not have", () => {
  using library = new Libbpf();
  using object = library.open(readAsset("bpf/observe.bpf.o"), "observe");
  assert.throws(() => object.setConstants({ no_such: 1 }), /cannot set constant no_such of observe/);
  assert.throws(() => object.mapFd("no_such"), /cannot find map no_such in observe/);
  assert.throws(
    () => object.createIterator("adopt"),
    /cannot run iterator adopt of observe: it is not attached/,
  );
});

Deno.test("Libbpf.version() is new enough for what later parts need", () => {
  using library = new Libbpf();
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(library.version()) ?? [];
  assert.ok(Number(major) > 1 || (Number(major) === 1 && Number(minor) >= 5), library.version());
});
