import assert from "node:assert/strict";
import { Discovery } from "../../../observe/discover/discovery.ts";
import { FirecrackerSource } from "../../../observe/discover/firecracker.ts";
import type { Found, Place, Source } from "../../../observe/discover/source.ts";

/** A source that says what the test wants. */
class Told implements Source {
  readonly name = "told";
  readonly status = { state: "working", detail: "here" } as const;
  readonly what = new Map<string, Found["what"]>();
  readonly instances = new Map<string, string>();
  fleeting = false;
  changed: (instance: string) => void = () => {};
  asked = 0;

  find({ cgroups }: Place): Found | undefined {
    this.asked++;
    const cgroup = cgroups.find((path) => this.what.has(path));
    return cgroup === undefined ? undefined : {
      cgroup,
      instance: this.instances.get(cgroup) ?? `i${cgroup}`,
      what: this.what.get(cgroup)!,
      fleeting: this.fleeting,
    };
  }

  start(changed: (instance: string) => void): void {
    this.changed = changed;
  }

  [Symbol.dispose](): void {}
}

const FIB = { kind: "function", platform: "test", name: "fib", foundBy: "a label" } as const;

class Scene implements Disposable {
  readonly source = new Told();
  readonly alive = new Set<string>();
  /** Numbers of cgroups that have been made again. */
  readonly ids = new Map<string, number>();
  readonly discovery = new Discovery(
    [this.source],
    (cgroup) => this.alive.has(cgroup) ? this.ids.get(cgroup) ?? 1 : "gone",
  );
  readonly told: string[] = [];

  constructor() {
    this.discovery.start({
      changed: (cgroup, pids, wasPending) => this.told.push(`${cgroup} ${[...pids]} ${wasPending}`) > 0,
      gone: (cgroup) => this.told.push(`gone ${cgroup}`),
      helps: (cgroup, helps) =>
        this.alive.has(cgroup) || !helps ? this.told.push(`${cgroup} helps: ${helps}`) > 0 : false,
    });
  }

  find(path: string, pid = 1) {
    this.alive.add(path);
    return this.discovery.find({ pid, cgroups: [path] });
  }

  [Symbol.dispose](): void {
    this.discovery[Symbol.dispose]();
  }
}

Deno.test("Discovery.find() says what the first source knows, and asks once for a place that is settled", () => {
  using scene = new Scene();
  scene.source.what.set("/a", FIB);
  assert.deepEqual(scene.find("/a"), { ...FIB, cgroup: "/a", fleeting: false, filledFromOutside: false });
  assert.deepEqual(scene.find("/a", 2), { ...FIB, cgroup: "/a", fleeting: false, filledFromOutside: false });
  assert.equal(scene.source.asked, 1);
  assert.deepEqual(scene.find("/b"), { kind: "none", fleeting: false });
  assert.deepEqual(scene.discovery.unknown(), []);
});

Deno.test("Discovery tells when what was pending is known, and when an instance is something else", async () => {
  using scene = new Scene();
  scene.source.what.set("/a", { kind: "pending", hint: "soon" });
  assert.deepEqual(scene.find("/a", 7), { kind: "pending" });
  assert.match(scene.discovery.unknown()[0]!.hint, /soon/);
  scene.source.what.set("/a", FIB);
  for (let left = 200; scene.told.length === 0 && left > 0; left--) {
    await new Promise((r) => setTimeout(r, 5));
  }
  assert.deepEqual(scene.told, ["/a 7 true"]);
  assert.deepEqual(scene.discovery.unknown(), []);
  // A pre-warmed container gets another function.
  scene.source.what.set("/a", { ...FIB, name: "other" });
  scene.source.changed("i/a");
  assert.deepEqual(scene.told, ["/a 7 true", "/a 7 false"]);
  scene.source.changed("i/a");
  scene.source.changed("nothing");
  assert.equal(scene.told.length, 2, "nothing has changed");
});

Deno.test("Discovery lists as unknown what has no name, or one that cannot be used, and never guesses", () => {
  using scene = new Scene();
  scene.source.what.set("/a", { kind: "unknown", hint: "nothing names it" });
  scene.source.what.set("/b", { kind: "unnamed", platform: "fission", hint: "of the pool" });
  scene.source.what.set("/c", { ...FIB, name: "a\u001b[2Jb" });
  scene.source.what.set("/d", { ...FIB, name: "x".repeat(1 << 20) });
  scene.source.what.set("/e", { kind: "helper", platform: "knative" });
  for (const path of ["/a", "/b", "/c", "/d", "/e"]) {
    assert.deepEqual(scene.find(path), { kind: "none", fleeting: false }, path);
  }
  const hints = scene.discovery.unknown().map(({ cgroup, hint }) => [cgroup, hint] as const);
  assert.deepEqual(hints.map(([cgroup]) => cgroup), ["/d", "/c", "/b", "/a"]);
  assert.ok(hints.every(([, hint]) => hint.length < 500 && !hint.includes("\u001b")));
  assert.match(hints[3]![1], /NAME=cgroup:\/a/);
  // It is named later.
  scene.source.what.set("/b", FIB);
  scene.source.changed("i/b");
  assert.deepEqual(scene.told, ["/b 1 false"]);
});

Deno.test("Discovery tells what helps a function only beside one", () => {
  using scene = new Scene();
  for (const path of ["/pod/proxy", "/pod/fib"]) scene.source.instances.set(path, "pod");
  scene.source.what.set("/pod/proxy", { kind: "helper", platform: "kubernetes" });
  scene.find("/pod/proxy");
  scene.discovery.sweep();
  assert.deepEqual(scene.told, [], "an ingress gateway's only container");
  scene.source.what.set("/pod/fib", { kind: "unnamed", platform: "fission", hint: "of the pool" });
  scene.find("/pod/fib");
  assert.deepEqual(scene.told, []);
  scene.source.what.set("/pod/fib", FIB);
  scene.source.changed("pod");
  assert.deepEqual(scene.told, ["/pod/proxy helps: true", "/pod/fib 1 false"]);
  scene.alive.delete("/pod/fib");
  scene.discovery.sweep();
  assert.deepEqual(scene.told.slice(2).toSorted(), ["/pod/proxy helps: false", "gone /pod/fib"]);
});

Deno.test("Discovery takes a cgroup that is made again under its path for another", () => {
  using scene = new Scene();
  scene.source.what.set("/a", FIB);
  scene.find("/a");
  scene.ids.set("/a", 2);
  scene.source.what.set("/a", { ...FIB, name: "other" });
  assert.deepEqual(scene.find("/a", 9), {
    ...FIB,
    name: "other",
    cgroup: "/a",
    fleeting: false,
    filledFromOutside: false,
  });
  assert.deepEqual(scene.told, ["gone /a"]);
  scene.ids.set("/a", 3);
  scene.discovery.sweep();
  assert.equal(scene.discovery.size, 0);
});

Deno.test("Discovery keeps nothing of a cgroup that the platform uses again", async () => {
  using scene = new Scene();
  scene.source.fleeting = true;
  scene.source.what.set("/a", FIB);
  scene.find("/a", 1);
  scene.source.what.set("/a", { kind: "pending", hint: "soon" });
  assert.deepEqual(scene.find("/a", 2), { kind: "pending" });
  scene.source.what.set("/a", { ...FIB, name: "other" });
  for (let left = 200; scene.told.length === 0 && left > 0; left--) {
    await new Promise((r) => setTimeout(r, 5));
  }
  assert.deepEqual(scene.told, ["/a 1,2 true"]);
  assert.deepEqual(scene.find("/a", 3), {
    ...FIB,
    name: "other",
    cgroup: "/a",
    fleeting: true,
    filledFromOutside: false,
  });
});

Deno.test("Discovery forgets instances whose cgroups are gone, their ids included, and keeps a bound", () => {
  using scene = new Scene();
  for (let i = 0; i < 20_100; i++) {
    scene.source.what.set(`/${i}`, FIB);
    scene.find(`/${i}`);
  }
  assert.equal(scene.discovery.size, 20_000);
  scene.alive.clear();
  scene.alive.add("/20099");
  scene.told.length = 0;
  scene.discovery.sweep();
  assert.equal(scene.discovery.size, 1);
  assert.equal(scene.told.length, 19_999);
  scene.source.changed("i/5");
  assert.equal(scene.told.length, 19_999);
});

Deno.test("FirecrackerSource takes the jailer's id for a name where it was not drawn by lot", () => {
  let exe = "/srv/jailer/firecracker/thumb-1/root/firecracker";
  using source = new FirecrackerSource(() => exe);
  const look = (path: string) => {
    const found = source.find({ pid: 1, cgroups: [path] });
    return found &&
      (found.what.kind === "function" ? `${found.what.name} in ${found.cgroup}` : found.what.kind);
  };
  assert.equal(look("/firecracker/thumb-1"), "thumb-1 in /firecracker/thumb-1");
  assert.equal(look("/vms/firecracker-v1.7/thumb/vcpu"), "thumb in /vms/firecracker-v1.7/thumb");
  assert.equal(look("/firecracker/0f8a2d6e-3b1c-4a5d-9e7f-112233445566"), "unknown");
  assert.equal(look("/firecracker"), undefined);
  assert.equal(look("/system.slice/firecracker.service"), undefined);
  for (const unit of ["firecracker-ctl.service", "firecracker.slice", "firecracker-1.scope"]) {
    assert.equal(look(`/system.slice/${unit}/supervisor`), undefined, unit);
  }
  exe = "/usr/bin/jailer-v1.7";
  assert.equal(look("/firecracker/thumb-1"), "pending");
  exe = "/usr/bin/python3";
  assert.equal(look("/firecracker/thumb-1"), undefined, "a cgroup that is only called so");
});
