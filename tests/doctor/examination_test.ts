import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import { CHECK_IDS } from "../../doctor/check.ts";
import { examine } from "../../doctor/examination.ts";
import { PATCH_FUNCTION } from "../../doctor/scheduler_checks.ts";
import { type Fake, fakeMachine } from "./fake_machine.ts";

/** One check of a machine. */
function check(id: typeof CHECK_IDS[number], fake: Fake) {
  return examine(fakeMachine(fake)).checks.find((each) => each.id === id)!;
}

/** Names of the backends that can be used. */
function usable(fake: Fake, built?: string[]): string[] {
  return examine(fakeMachine(fake), built).backends.filter((each) => each.usable).map(({ name }) => name);
}

Deno.test("examine() looks at everything once, in the documented order", () => {
  assert.deepEqual(examine(fakeMachine()).checks.map(({ id }) => id), CHECK_IDS);
});

Deno.test("examine() takes stock on a machine that has what it needs", () => {
  const { auto, checks, advice } = examine(fakeMachine());
  assert.equal(auto?.name, "stock");
  assert.deepEqual(checks.filter(({ status }) => status !== "ok").map(({ id }) => id), [
    "sched_ext",
    "patched_kernel",
    "platforms",
  ]);
  assert.deepEqual(advice, ["sched_ext: use Linux 6.12 or newer, built with CONFIG_SCHED_CLASS_EXT=y"]);
});

Deno.test("examine() looks for Docker where an agent would, by DOCKER_HOST", () => {
  const usual = { "/var/run/docker.sock": "" }, own = { "/run/user/0/docker.sock": "" };
  const found = (fake: Fake) => check("platforms", fake).found;
  assert.equal(found({ files: usual }), "Docker at /var/run/docker.sock");
  const env = { DOCKER_HOST: "unix:///run/user/0/docker.sock" };
  assert.equal(found({ files: own, env }), "Docker at /run/user/0/docker.sock");
  assert.match(found({ files: usual, env }), /^neither Docker nor/);
  assert.match(
    found({ files: usual, env: { DOCKER_HOST: "tcp://10.0.0.1:2375" } }),
    /; DOCKER_HOST names no Unix socket/,
  );
});

Deno.test("examine() takes no backend where something that all need is missing, and says first how to get it", () => {
  const cases: [string, Fake, RegExp][] = [
    ["kernel", { release: "5.10.0-32-amd64" }, /5\.15 or newer/],
    ["root", { uid: 1000, probe: "not allowed" }, /sudo/],
    ["capabilities", { files: { "/proc/self/status": "CapEff:\t0000000000000000" } }, /CAP_BPF/],
    ["btf", { files: { "/sys/kernel/btf/vmlinux": undefined } }, /CONFIG_DEBUG_INFO_BTF=y/],
    ["ring_buffer", { probe: { ringBuffer: false } }, /CONFIG_BPF_SYSCALL=y/],
    ["task_storage", { probe: { taskStorage: false } }, /CONFIG_BPF_EVENTS=y/],
  ];
  for (const [id, fake, remedy] of cases) {
    const { auto, checks, backends, advice } = examine(fakeMachine(fake));
    const found = checks.find((each) => each.id === id)!;
    assert.equal(found.status, "missing", id);
    assert.equal(auto, undefined, id);
    assert.match(advice[0]!, remedy, id);
    for (const { name, reason } of backends) assert.ok(reason.includes(found.found), `${name}: ${reason}`);
  }
});

Deno.test("examine() takes no backend where the agent's programs do not load, and passes the kernel's reason on", () => {
  const { auto, backends } = examine(fakeMachine({ probe: { programs: "cannot load: EACCES; R1 invalid" } }));
  assert.equal(auto, undefined);
  assert.match(backends.at(-1)!.reason, /cannot load: EACCES; R1 invalid/);
});

Deno.test("examine() prefers a better backend where both kernel and build have it", () => {
  const ext: Fake = { files: { "/sys/kernel/sched_ext/state": "disabled\n" } };
  const patched: Fake = { files: { "/sys/kernel/btf/vmlinux": `\0alps\0${PATCH_FUNCTION}\0x\0` } };
  const all = ["auto", "scx", "cfs", "stock", "none"];
  assert.deepEqual(usable(ext, all), ["scx", "stock"]);
  assert.deepEqual(usable(patched, all), ["cfs", "stock"]);
  assert.deepEqual(usable({}, all), ["stock"]);
  assert.equal(examine(fakeMachine(ext), all).auto?.name, "scx");
  const { backends, auto } = examine(fakeMachine(ext), ["auto", "stock", "none"]);
  assert.equal(auto?.name, "stock");
  assert.equal(backends[0]!.reason, "not in this build of alps-agent");
});

Deno.test("examine() knows capabilities: those that BPF was split into, and CAP_SYS_ADMIN, which includes them", () => {
  const of = (...bits: number[]) => {
    const hex = bits.reduce((sum, bit) => sum | 1n << BigInt(bit), 0n).toString(16).padStart(16, "0");
    return check("capabilities", { files: { "/proc/self/status": `CapPrm:\t0\nCapEff:\t${hex}\n` } });
  };
  assert.equal(of(19, 21, 23).status, "ok");
  assert.equal(of(19, 23, 38, 39).status, "ok");
  assert.match(of(19, 23, 39).found, /^without CAP_PERFMON$/);
  assert.match(of(19, 21).found, /^without CAP_SYS_NICE$/);
  assert.equal(of(21, 23).status, "limited");
  assert.equal(check("capabilities", { files: { "/proc/self/status": undefined } }).status, "unknown");
});

Deno.test("examine() asks the kernel nothing where it may not, and says that it did not", () => {
  const { checks } = examine(fakeMachine({ uid: 1000, probe: "not allowed" }));
  const unknown = checks.filter(({ status }) => status === "unknown").map(({ id }) => id);
  assert.deepEqual(unknown, ["ring_buffer", "task_storage", "programs", "realtime"]);
});

Deno.test("examine() can do without the real-time class, and says what is lost", () => {
  const fake: Fake = { probe: { realtime: "SCHED_FIFO was refused: EPERM (not permitted)" } };
  const { status, found, remedy } = check("realtime", fake);
  assert.equal(status, "limited");
  assert.match(found, /EPERM.*late/);
  assert.match(remedy!, /CAP_SYS_NICE/);
  assert.deepEqual(usable(fake), ["stock"]);
});

Deno.test("examine() reads sched_ext from the kernel itself, then from its configuration, wherever that is", () => {
  const off = "# CONFIG_SCHED_CLASS_EXT is not set\n", on = "CONFIG_SCHED_CLASS_EXT=y\n";
  const nothing = { "/boot/config-6.12.5+deb13-amd64": undefined };
  const packed = new Uint8Array(gzipSync(off));
  const cases: [Fake, string, RegExp][] = [
    [{ files: { "/sys/kernel/sched_ext/state": "disabled" } }, "ok", /no scheduler loaded/],
    [{ files: { "/proc/config.gz": packed } }, "absent", /not set \(\/proc\/config\.gz\)/],
    [{ files: {} }, "absent", /not set \(\/boot\/config-6\.12\.5\+deb13-amd64\)/],
    [
      { files: { ...nothing, "/lib/modules/6.12.5+deb13-amd64/config": off } },
      "absent",
      /\(\/lib\/modules\/6\.12\.5\+deb13-amd64\/config\)/,
    ],
    [{ files: { "/boot/config-6.12.5+deb13-amd64": on } }, "unknown", /sched_ext is not there/],
    [{ files: { ...nothing, "/proc/config.gz": "broken" } }, "unknown", /cannot be found/],
    [{ release: "6.1.0-50-amd64", files: nothing }, "absent", /not before Linux 6\.12/],
  ];
  for (const [fake, status, found] of cases) {
    const result = check("sched_ext", fake);
    assert.equal(result.status, status, result.found);
    assert.match(result.found, found);
  }
});

Deno.test("examine() names a sched_ext scheduler that is loaded, without what could harm a terminal", () => {
  const files = {
    "/sys/kernel/sched_ext/state": "enabled\n",
    "/sys/kernel/sched_ext/root/ops": "sim\x1b[2Jple\n",
  };
  const { status, found } = check("sched_ext", { files });
  assert.equal(status, "limited");
  assert.match(found, /sim\\u001b\[2Jple/);
});

Deno.test("examine() finds our patch by the whole name of its function", () => {
  const types = (text: string) =>
    check("patched_kernel", { files: { "/sys/kernel/btf/vmlinux": text } }).status;
  assert.equal(types(`\0a\0${PATCH_FUNCTION}\0b\0`), "ok");
  assert.equal(types(`\0a\0${PATCH_FUNCTION}_more\0b\0`), "absent");
  assert.equal(types(`\0a\0not_${PATCH_FUNCTION}\0b\0`), "absent");
});

Deno.test("examine() names both versions where our patch is another one, and the kernel's reason where it refuses", () => {
  const files = { "/sys/kernel/btf/vmlinux": `\0${PATCH_FUNCTION}\0` };
  const shown = (version: number) => ({ ...files, "/proc/sched_alps": `version ${version}\nenabled 0\n` });
  assert.equal(check("patched_kernel", { files: shown(1) }).status, "ok");
  const other = check("patched_kernel", { files: shown(99) });
  assert.deepEqual([other.status, /99.*version 1/.test(other.found)], ["absent", true]);
  const refused = check("patched_kernel", { files, probe: { hooks: "EPERM" } });
  assert.deepEqual([refused.status, refused.found.endsWith("programs: EPERM")], ["absent", true]);
});

Deno.test("examine() says what autogroup does only where it is on", () => {
  const of = (value: string | undefined) =>
    check("autogroup", { files: { "/proc/sys/kernel/sched_autogroup_enabled": value } });
  assert.equal(of("0\n").status, "ok");
  assert.equal(of(undefined).status, "ok");
  assert.equal(of("1\n").status, "limited");
  assert.match(of("1\n").remedy!, /kernel\.sched_autogroup_enabled=0/);
  const files = {
    "/proc/sys/kernel/sched_autogroup_enabled": "1\n",
    "/proc/self/status": "CapEff:\t000000c000880000\n",
  };
  assert.match(
    check("autogroup", { files }).remedy!,
    /^give it CAP_SYS_ADMIN, or start functions in one session/,
  );
});
