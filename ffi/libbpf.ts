/** libbpf, as far as the agent needs it: objects, programs, maps, iterators. */

import { readAsset } from "./assets.ts";
import { Btf } from "./btf.ts";
import { EEXIST, KernelError } from "./errors.ts";
import { cString, memoryAt } from "./memory.ts";
import { MemoryFile } from "./memory_file.ts";

const symbols = {
  // libbpf_print_fn_t libbpf_set_print(libbpf_print_fn_t fn)
  libbpf_set_print: { parameters: ["function"], result: "pointer" },
  // int vsnprintf(char *str, size_t size, const char *format, va_list ap); libbpf brings libc along
  vsnprintf: { parameters: ["buffer", "usize", "pointer", "pointer"], result: "i32" },
  // struct bpf_object *bpf_object__open_mem(const void *buf, size_t size, const struct bpf_object_open_opts *opts)
  bpf_object__open_mem: { parameters: ["buffer", "usize", "pointer"], result: "pointer" },
  // int bpf_object__load(struct bpf_object *obj)
  bpf_object__load: { parameters: ["pointer"], result: "i32" },
  // void bpf_object__close(struct bpf_object *obj)
  bpf_object__close: { parameters: ["pointer"], result: "void" },
  // struct btf *bpf_object__btf(const struct bpf_object *obj)
  bpf_object__btf: { parameters: ["pointer"], result: "pointer" },
  // const void *btf__raw_data(const struct btf *btf, __u32 *size)
  btf__raw_data: { parameters: ["pointer", "buffer"], result: "pointer" },
  // struct bpf_program *bpf_object__next_program(const struct bpf_object *obj, struct bpf_program *prog)
  bpf_object__next_program: { parameters: ["pointer", "pointer"], result: "pointer" },
  // const char *bpf_program__name(const struct bpf_program *prog)
  bpf_program__name: { parameters: ["pointer"], result: "pointer" },
  // int bpf_program__set_autoload(struct bpf_program *prog, bool autoload)
  bpf_program__set_autoload: { parameters: ["pointer", "bool"], result: "i32" },
  // bool bpf_program__autoload(const struct bpf_program *prog)
  bpf_program__autoload: { parameters: ["pointer"], result: "bool" },
  // int bpf_program__fd(const struct bpf_program *prog)
  bpf_program__fd: { parameters: ["pointer"], result: "i32" },
  // struct bpf_link *bpf_program__attach(const struct bpf_program *prog)
  bpf_program__attach: { parameters: ["pointer"], result: "pointer" },
  // int bpf_link__fd(const struct bpf_link *link)
  bpf_link__fd: { parameters: ["pointer"], result: "i32" },
  // int bpf_link__destroy(struct bpf_link *link)
  bpf_link__destroy: { parameters: ["pointer"], result: "i32" },
  // struct bpf_map *bpf_object__find_map_by_name(const struct bpf_object *obj, const char *name)
  bpf_object__find_map_by_name: { parameters: ["pointer", "buffer"], result: "pointer" },
  // int bpf_map__fd(const struct bpf_map *map)
  bpf_map__fd: { parameters: ["pointer"], result: "i32" },
  // void *bpf_map__initial_value(const struct bpf_map *map, size_t *psize)
  bpf_map__initial_value: { parameters: ["pointer", "buffer"], result: "pointer" },
  // int bpf_map__reuse_fd(struct bpf_map *map, int fd): takes a copy of the descriptor
  bpf_map__reuse_fd: { parameters: ["pointer", "i32"], result: "i32" },
  // struct bpf_link *bpf_map__attach_struct_ops(const struct bpf_map *map)
  bpf_map__attach_struct_ops: { parameters: ["pointer"], result: "pointer" },
  // int bpf_prog_test_run_opts(int prog_fd, struct bpf_test_run_opts *opts): -errno
  bpf_prog_test_run_opts: { parameters: ["i32", "buffer"], result: "i32" },
  // struct bpf_map *bpf_object__next_map(const struct bpf_object *obj, const struct bpf_map *map)
  bpf_object__next_map: { parameters: ["pointer", "pointer"], result: "pointer" },
  // const char *bpf_map__name(const struct bpf_map *map)
  bpf_map__name: { parameters: ["pointer"], result: "pointer" },
  // int bpf_map_update_elem(int fd, const void *key, const void *value, __u64 flags): -errno
  bpf_map_update_elem: { parameters: ["i32", "buffer", "buffer", "u64"], result: "i32" },
  // int bpf_map_lookup_elem(int fd, const void *key, void *value)
  bpf_map_lookup_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_map_delete_elem(int fd, const void *key)
  bpf_map_delete_elem: { parameters: ["i32", "buffer"], result: "i32" },
  // int bpf_map_get_next_key(int fd, const void *cur_key, void *next_key)
  bpf_map_get_next_key: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int bpf_iter_create(int link_fd)
  bpf_iter_create: { parameters: ["i32"], result: "i32" },
  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
  // int libbpf_probe_bpf_map_type(enum bpf_map_type map_type, const void *opts): 1 yes, 0 no, -errno
  libbpf_probe_bpf_map_type: { parameters: ["i32", "pointer"], result: "i32" },
  // const char *libbpf_version_string(void)
  libbpf_version_string: { parameters: [], result: "pointer" },
} as const;

/**
 * A verifier's log is one message, and the reason is at its end. libbpf reserves 16 MiB for one; memory is taken only as
 * far as it is written to.
 */
const MAX_MESSAGE_BYTES = (1 << 24) + (1 << 12);

/** sizeof(struct bpf_test_run_opts) of libbpf 1.5. */
const RUN_OPTIONS_BYTES = 80;

type Symbols = Deno.DynamicLibrary<typeof symbols>["symbols"];

/** Opens the library from memory: it need not be a file, nor be where files may be executed. */
function openLibrary(): Deno.DynamicLibrary<typeof symbols> {
  using file = new MemoryFile("libbpf", readAsset("libbpf/lib/libbpf.so.1"));
  return Deno.dlopen(file.path, symbols);
}

/** The opened library. Its messages (a verifier's log, say) are collected while an object is opened and loaded. */
export class Libbpf implements Disposable {
  readonly #library = openLibrary();
  readonly #print: Deno.UnsafeCallback<{ parameters: ["i32", "pointer", "pointer"]; result: "i32" }>;
  #log: string[] = [];

  constructor() {
    const c = this.#library.symbols, decoder = new TextDecoder();
    let message: Uint8Array<ArrayBuffer> | undefined;
    this.#print = new Deno.UnsafeCallback(
      { parameters: ["i32", "pointer", "pointer"], result: "i32" },
      (level, format, args) => {
        const LIBBPF_DEBUG = 2;
        if (level === LIBBPF_DEBUG) return 0;
        message ??= new Uint8Array(MAX_MESSAGE_BYTES);
        const n = c.vsnprintf(message, BigInt(message.length), format, args);
        this.#log.push(decoder.decode(message.subarray(0, Math.max(0, Math.min(n, message.length - 1)))));
        return n;
      },
    );
    c.libbpf_set_print(this.#print.pointer);
  }

  get symbols(): Symbols {
    return this.#library.symbols;
  }

  version(): string {
    return Deno.UnsafePointerView.getCString(this.symbols.libbpf_version_string()!);
  }

  /** Whether the kernel makes maps of a type (`enum bpf_map_type`) for this process. */
  makesMap(type: number): boolean {
    return this.symbols.libbpf_probe_bpf_map_type(type, null) === 1;
  }

  /** errno of the latest failed call of this thread. */
  errno(): number {
    return new Deno.UnsafePointerView(this.symbols.__errno_location()!).getInt32();
  }

  /** Messages since the last call. */
  takeLog(): string {
    return this.#log.splice(0).join("");
  }

  /** Opens an object from memory; `load()` follows after its constants have been set. */
  open(object: Uint8Array<ArrayBuffer>, name: string): BpfObject {
    this.takeLog();
    const pointer = this.symbols.bpf_object__open_mem(object, BigInt(object.byteLength), null);
    if (pointer === null) {
      throw new KernelError(`cannot open eBPF object ${name}`, this.errno(), this.takeLog());
    }
    return new BpfObject(this, pointer, name, object);
  }

  [Symbol.dispose](): void {
    this.symbols.libbpf_set_print(null);
    this.#print.close();
    this.#library.close();
  }
}

/** One eBPF object: open, set constants, load, attach; closing detaches and frees everything in reverse order. */
export class BpfObject implements Disposable {
  readonly #c: Symbols;
  readonly #links = new Map<string, Deno.PointerObject>();
  #btf: Btf | undefined;

  /** @param _bytes kept alive: libbpf reads from it until the object is loaded */
  constructor(
    readonly library: Libbpf,
    readonly pointer: Deno.PointerObject,
    readonly name: string,
    readonly _bytes: Uint8Array,
  ) {
    this.#c = library.symbols;
  }

  /** Types of the object as compiled. */
  get btf(): Btf {
    if (!this.#btf) {
      const size = new Uint32Array(1);
      const raw = this.#c.btf__raw_data(this.#c.bpf_object__btf(this.pointer), size);
      if (raw === null) throw new Error(`cannot read BTF of ${this.name}: it was compiled without -g`);
      this.#btf = new Btf(new Uint8Array(memoryAt(raw, size[0]!).slice(0)));
    }
    return this.#btf;
  }

  /** Sets `const volatile` globals before loading; numbers for 32-bit ones, bigints for 64-bit ones. */
  setConstants(values: Record<string, number | bigint>): void {
    const map = this.#rodata();
    const size = new BigUint64Array(1);
    const memory = this.#c.bpf_map__initial_value(map, size);
    if (memory === null) throw new Error(`cannot set constants of ${this.name}: it is loaded already`);
    const view = new DataView(memoryAt(memory, Number(size[0])));
    const fields = this.btf.section(".rodata");
    for (const [name, value] of Object.entries(values)) {
      const field = fields[name];
      if (!field) throw new Error(`cannot set constant ${name} of ${this.name}: there is none of that name`);
      if (field.size === 8) view.setBigUint64(field.offset, BigInt(value), true);
      else view.setUint32(field.offset, Number(value), true);
    }
  }

  #rodata(): Deno.PointerObject {
    let map: Deno.PointerValue = null;
    while ((map = this.#c.bpf_object__next_map(this.pointer, map)) !== null) {
      const name = Deno.UnsafePointerView.getCString(this.#c.bpf_map__name(map)!);
      if (name.endsWith(".rodata")) return map;
    }
    throw new Error(`cannot set constants of ${this.name}: it has none`);
  }

  /**
   * Sets a 64-bit number of a table of callbacks (a map of section `.struct_ops.link`) before loading.
   *
   * @param type the table's type, as `sched_ext_ops`
   */
  setStructOps(map: string, type: string, field: string, value: bigint): void {
    const size = new BigUint64Array(1);
    const memory = this.#c.bpf_map__initial_value(this.#map(map), size);
    const place = this.btf.struct(type).fields[field];
    if (memory === null || place === undefined) {
      throw new Error(`cannot set ${field} of ${map} in ${this.name}`);
    }
    new DataView(memoryAt(memory, Number(size[0]))).setBigUint64(place.offset, value, true);
  }

  /** Has a program loaded that is left out otherwise: its section's name begins with a question mark. Before `load()`. */
  enable(name: string): void {
    for (const [program, itsName] of this.#programs()) {
      if (itsName === name) return void this.#c.bpf_program__set_autoload(program, true);
    }
    throw new Error(`cannot enable program ${name} of ${this.name}: there is none of that name`);
  }

  *#programs(): Generator<[Deno.PointerObject, name: string]> {
    let program: Deno.PointerValue = null;
    while ((program = this.#c.bpf_object__next_program(this.pointer, program)) !== null) {
      yield [program, Deno.UnsafePointerView.getCString(this.#c.bpf_program__name(program)!)];
    }
  }

  /** Creates the maps and has the kernel verify the programs. A refusal shows the verifier's reason. */
  load(): void {
    const status = this.#c.bpf_object__load(this.pointer);
    if (status < 0) {
      throw new KernelError(`cannot load eBPF object ${this.name}`, -status, this.library.takeLog());
    }
  }

  /** Has a map be one that another object has made, by its descriptor. Before `load()`. */
  reuseMap(name: string, fd: number): void {
    const status = this.#c.bpf_map__reuse_fd(this.#map(name), fd);
    if (status < 0) throw new KernelError(`cannot share map ${name} with ${this.name}`, -status);
  }

  /** Attaches every loaded program to the hook that its section names. */
  attachAll(): void {
    for (const [program, name] of this.#programs()) {
      if (this.#c.bpf_program__autoload(program)) this.#attached(name, this.#c.bpf_program__attach(program));
    }
  }

  /** Attaches one program to the hook that its section names. */
  attach(name: string): void {
    const program = [...this.#programs()].find(([, each]) => each === name);
    if (!program) throw new Error(`cannot attach ${name} of ${this.name}: there is none of that name`);
    this.#attached(name, this.#c.bpf_program__attach(program[0]));
  }

  /** Puts a table of callbacks (a map of section `.struct_ops.link`) in force, until it is detached. */
  attachStructOps(map: string): void {
    this.#attached(map, this.#c.bpf_map__attach_struct_ops(this.#map(map)));
  }

  #attached(name: string, link: Deno.PointerValue): void {
    if (link === null) {
      throw new KernelError(
        `cannot attach ${name} of ${this.name}`,
        this.library.errno(),
        this.library.takeLog(),
      );
    }
    this.#links.set(name, link);
  }

  /** Detaches a program or a table of callbacks; nothing where it is not attached. */
  detach(name: string): void {
    const link = this.#links.get(name);
    if (!link) return;
    this.#links.delete(name);
    this.#c.bpf_link__destroy(link);
  }

  /** Runs a program of section `syscall` once. */
  run(name: string): void {
    const fd = this.programs().get(name);
    if (fd === undefined) throw new Error(`cannot run ${name} of ${this.name}: there is none of that name`);
    // struct bpf_test_run_opts: its size, and nothing else.
    const options = new BigUint64Array(RUN_OPTIONS_BYTES / 8);
    options[0] = BigInt(RUN_OPTIONS_BYTES);
    const status = this.#c.bpf_prog_test_run_opts(fd, new Uint8Array(options.buffer));
    if (status < 0) throw new KernelError(`cannot run ${name} of ${this.name}`, -status);
  }

  /** Names and descriptors of the loaded programs. */
  programs(): Map<string, number> {
    const fds = new Map<string, number>();
    for (const [program, name] of this.#programs()) {
      if (this.#c.bpf_program__autoload(program)) fds.set(name, this.#c.bpf_program__fd(program));
    }
    return fds;
  }

  /** Descriptor of a map, valid until the object is closed. */
  mapFd(name: string): number {
    return this.#c.bpf_map__fd(this.#map(name));
  }

  #map(name: string): Deno.PointerObject {
    const map = this.#c.bpf_object__find_map_by_name(this.pointer, cString(name));
    if (map === null) throw new Error(`cannot find map ${name} in ${this.name}`);
    return map;
  }

  /** Descriptor of an attached program's link, valid until the object is closed. */
  linkFd(program: string): number {
    const link = this.#links.get(program);
    if (!link) throw new Error(`cannot find the link of ${program} in ${this.name}: it is not attached`);
    return this.#c.bpf_link__fd(link);
  }

  /** A new descriptor that runs an attached iterator program when it is read. The caller closes it. */
  createIterator(program: string): number {
    const link = this.#links.get(program);
    if (!link) throw new Error(`cannot run iterator ${program} of ${this.name}: it is not attached`);
    const fd = this.#c.bpf_iter_create(this.#c.bpf_link__fd(link));
    if (fd < 0) throw new KernelError(`cannot create iterator ${program}`, -fd);
    return fd;
  }

  [Symbol.dispose](): void {
    for (const link of [...this.#links.values()].reverse()) this.#c.bpf_link__destroy(link);
    this.#links.clear();
    this.#c.bpf_object__close(this.pointer);
  }
}

/** A hash map in the kernel, by its descriptor. Keys and values are raw bytes of the sizes that the map has. */
export class BpfMap {
  constructor(readonly library: Libbpf, readonly fd: number, readonly name: string) {}

  /** Sets an element. `onlyNew`: leaves one that exists as it is. */
  set(key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>, onlyNew = false): void {
    const BPF_NOEXIST = 1n;
    const status = this.library.symbols.bpf_map_update_elem(this.fd, key, value, onlyNew ? BPF_NOEXIST : 0n);
    if (status < 0 && !(onlyNew && -status === EEXIST)) {
      throw new KernelError(`cannot update map ${this.name}`, -status);
    }
  }

  /** Copies an element into `value`; false where there is none. */
  get(key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): boolean {
    return this.library.symbols.bpf_map_lookup_elem(this.fd, key, value) === 0;
  }

  /** False where there was none. */
  delete(key: Uint8Array<ArrayBuffer>): boolean {
    return this.library.symbols.bpf_map_delete_elem(this.fd, key) === 0;
  }

  /** All keys. Elements that come or go meanwhile may be missed or seen. */
  *keys(keySize: number): Generator<Uint8Array<ArrayBuffer>> {
    let key: Uint8Array<ArrayBuffer> | null = null;
    for (;;) {
      const next = new Uint8Array(keySize);
      if (this.library.symbols.bpf_map_get_next_key(this.fd, key, next) !== 0) return;
      yield next;
      key = next;
    }
  }
}

/** The key of a map whose keys are `__u32`. */
export function u32Key(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array([value]).buffer);
}
