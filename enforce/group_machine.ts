/** Scheduling groups of this machine: cgroups of the cpu controller, and the autogroups of sessions. */

import { ENODEV, ENOENT, ESRCH } from "../ffi/errors.ts";
import { effectiveCapabilities } from "../ffi/capabilities.ts";
import type { Files } from "../ffi/files.ts";
import { ALPS_GROUP } from "../ffi/layout.ts";
import { groupKey } from "../observe/slots.ts";
import type { CgroupChange } from "./change_journal.ts";
import { type CgroupMount, cgroupMount } from "./cgroup_mount.ts";
import type { WeightFile } from "./group_weight.ts";

/** One group, as the machine knows it. */
export interface GroupInfo {
  /** As {@link groupKey} makes it. */
  readonly key: number;
  /** For people: the cgroup's path, or the session's autogroup. */
  readonly label: string;
  readonly file: WeightFile;
}

/** What is asked of a machine about its groups; replaced in tests. */
export interface GroupMachine extends Disposable {
  /**
   * The groups around a group, from the topmost to itself; undefined where it cannot be found (any more), none where it is
   * a session whose weight this process cannot change as often as it would have to.
   * @param pids processes in it, to be kept up to date by the caller
   */
  chain(key: number, pids: ReadonlySet<number>): GroupInfo[] | undefined;
  /** Groups that hold, themselves or further down, a task that belongs to no invocation; undefined where that fails. */
  foreign(): Set<number> | undefined;
}

/** A cgroup's weight, its file kept open. */
class CgroupWeightFile implements WeightFile {
  readonly least: string;
  #fd: number | undefined;

  constructor(
    readonly files: Files,
    readonly mount: CgroupMount,
    readonly mountFd: number,
    readonly id: number,
    readonly path: string,
  ) {
    this.least = mount.leastWeight;
  }

  read(): string | number {
    return this.#with((fd) => this.files.readText(fd), (result) => typeof result === "number" ? result : 0);
  }

  write(weight: string): number {
    return this.#with((fd) => this.files.writeText(fd, weight), (status) => status);
  }

  change(before: string): CgroupChange {
    const { path, id, mount: { weightFile }, least } = this;
    return { path, inode: id, file: weightFile, before, ours: least };
  }

  close(): void {
    if (this.#fd !== undefined) this.files.close(this.#fd);
    this.#fd = undefined;
  }

  /** A file whose controller was taken away is dead for good, even where a new one is there by now: it is opened anew, once. */
  #with<T>(action: (fd: number) => T, statusOf: (result: T) => number): T | number {
    const wasOpen = this.#fd !== undefined, fd = this.#open();
    if (fd < 0) return fd;
    const result = action(fd);
    if (!wasOpen || statusOf(result) !== -ENODEV) return result;
    this.close();
    const again = this.#open();
    return again < 0 ? again : action(again);
  }

  /** By the cgroup's id, not its path: another cgroup may have taken that since. */
  #open(): number {
    if (this.#fd !== undefined) return this.#fd;
    const folder = this.files.openCgroup(this.mountFd, this.id);
    if (folder < 0) return folder === -ESTALE ? -ENODEV : folder;
    const fd = this.files.openIn(folder, this.mount.weightFile);
    this.files.close(folder);
    if (fd >= 0) this.#fd = fd;
    return fd;
  }
}

const ESTALE = 116;

/** The nice value of a session's autogroup (sched(7)), reached through any process of it. */
class AutogroupFile implements WeightFile {
  readonly least = "19";

  constructor(readonly files: Files, readonly label: string, readonly pids: ReadonlySet<number>) {}

  read(): string | number {
    return this.#with((_fd, text) => textAfter(text, " nice "));
  }

  write(weight: string): number {
    const status = this.#with((fd) => this.files.writeText(fd, weight));
    return typeof status === "number" ? status : 0;
  }

  change(before: string): CgroupChange {
    const [pid = 0] = this.pids;
    const text = (nice: string) => `${this.label} nice ${nice}`;
    return {
      path: `/proc/${pid}`,
      inode: 0,
      file: "autogroup",
      before: text(before),
      ours: text(this.least),
    };
  }

  close(): void {}

  /**
   * Acts on the file of the first process that is still there and still in this autogroup. Where there is none but one could
   * not be looked at, that is the reason: the autogroup may be there.
   */
  #with(act: (fd: number, text: string) => string | number): string | number {
    let status = -ENOENT;
    for (const pid of this.pids) {
      const fd = this.files.open(`/proc/${pid}/autogroup`);
      if (fd < 0) {
        if (fd !== -ENOENT && fd !== -ESRCH) status = fd;
        continue;
      }
      try {
        const text = this.files.readText(fd);
        if (typeof text === "string" && text.startsWith(`${this.label} nice `)) return act(fd, text);
      } finally {
        this.files.close(fd);
      }
    }
    return status;
  }
}

function textAfter(text: string, mark: string): string {
  return text.slice(text.indexOf(mark) + mark.length);
}

/** This machine. */
export class ThisMachine implements GroupMachine {
  readonly #mount: CgroupMount | undefined = cgroupMount();
  readonly #mountFd: number;
  readonly #groups = new Uint8Array(64 * 1024);
  readonly #view = new DataView(this.#groups.buffer);
  /**
   * Without this capability the kernel refuses to change an autogroup sooner than a tenth of a second after any other was
   * changed (kernel/sched/autogroup.c), which is too seldom even to put them back.
   */
  readonly #mayWeighSessions = effectiveCapabilities(Deno.readTextFileSync("/proc/self/status"))?.(
    "CAP_SYS_ADMIN",
  );

  /** @param foreignGroupsFd link of the eBPF iterator `foreign_groups` */
  constructor(readonly files: Files, readonly foreignGroupsFd: number) {
    this.#mountFd = this.#mount ? files.openFolder(this.#mount.path) : -ENOENT;
  }

  chain(key: number, pids: ReadonlySet<number>): GroupInfo[] | undefined {
    if (key < 0) {
      if (!this.#mayWeighSessions) return [];
      const label = `/autogroup-${-key}`;
      return [{ key, label, file: new AutogroupFile(this.files, label, pids) }];
    }
    const mount = this.#mount, mountFd = this.#mountFd;
    if (!mount || mountFd < 0) return undefined;
    const folder = this.files.openCgroup(mountFd, key);
    if (folder < 0) return undefined;
    const path = this.files.pathOf(folder);
    this.files.close(folder);
    if (!path?.startsWith(`${mount.path}/`)) return undefined;
    const parts = path.slice(mount.path.length + 1).split("/");
    const paths = parts.map((_, i) => `${mount.path}/${parts.slice(0, i + 1).join("/")}`);
    try {
      return paths.map((each) => {
        const id = each === path ? key : Deno.statSync(each).ino!;
        const file = new CgroupWeightFile(this.files, mount, mountFd, id, each);
        return { key: id, label: each, file };
      });
    } catch {
      return undefined; // removed meanwhile
    }
  }

  foreign(): Set<number> | undefined {
    const found = new Set<number>(), view = this.#view;
    const status = this.files.iterate(this.foreignGroupsFd, this.#groups, (bytes) => {
      for (let at = 0; at + ALPS_GROUP.size <= bytes; at += ALPS_GROUP.size) {
        const id = Number(view.getBigUint64(at + ALPS_GROUP.id, true));
        found.add(groupKey(view.getUint32(at + ALPS_GROUP.kind, true), id));
      }
    });
    return status < 0 ? undefined : found;
  }

  [Symbol.dispose](): void {
    if (this.#mountFd >= 0) this.files.close(this.#mountFd);
  }
}
