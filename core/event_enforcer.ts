/** The backend that an event thread enforces with. */

import { type ChangeJournal, NO_JOURNAL } from "../enforce/change_journal.ts";
import { type Enforcer, NoEnforcer } from "../enforce/enforcer.ts";
import { ThisMachine } from "../enforce/group_machine.ts";
import { CfsEnforcer } from "../enforce/cfs.ts";
import { CfsScheduler } from "../enforce/cfs_scheduler.ts";
import { Journal } from "../enforce/journal.ts";
import { JOURNAL } from "../enforce/journal_layout.ts";
import { ScxEnforcer } from "../enforce/scx.ts";
import { ScxOrStock } from "../enforce/scx_or_stock.ts";
import { ScxScheduler } from "../enforce/scx_scheduler.ts";
import { schedExtState, thisMachine } from "../enforce/scx_support.ts";
import { StockEnforcer } from "../enforce/stock.ts";
import { Files } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import type { SlotTable } from "../observe/slots.ts";
import { bootId } from "./journal_file.ts";
import type { EventThreadOptions, SchedulerReport } from "./messages.ts";

/** What it works with. */
export interface EventEnforcerParts {
  readonly libc: Libc;
  readonly slots: SlotTable;
  /** When a task started, in clock ticks; undefined where it is gone. */
  readonly startTimeOf: (tid: number) => number | undefined;
  /** Takes a warning for people. */
  readonly note: (text: string) => void;
}

/** Makes it; what it holds besides itself is closed with `resources`, which must be after it. */
export function makeEnforcer(
  resources: DisposableStack,
  options: EventThreadOptions,
  { libc, slots, startTimeOf, note }: EventEnforcerParts,
): Enforcer {
  const { backend, orStock = false, cpus, migrate, maxWaitNs, journalFd, foreignGroupsFd } = options;
  if (backend === "none") return resources.use(new NoEnforcer());
  if (backend === "cfs") {
    const cfs = orUndefined(() => startCfs(resources, options), orStock, note);
    if (cfs) return cfs;
  }
  const files = resources.use(new Files());
  const journal = openJournal(resources, libc, journalFd, startTimeOf);
  const stock = new StockEnforcer(libc, slots, {
    cpus,
    migrate,
    maxWaitNs,
    journal,
    groups: { machine: new ThisMachine(files, foreignGroupsFd), note, clock: () => libc.monotonicNs() },
  });
  if (backend !== "scx") return resources.use(stock);
  resources.use(stock);
  const scheduler = orUndefined(() => new ScxScheduler(libc, options, maxWaitNs), orStock, note);
  if (!scheduler) return stock;
  resources.use(scheduler);
  const scx = new ScxEnforcer(scheduler);
  const enforcer = resources.use(new ScxOrStock({ scx, stock, note, otherScheduler }));
  enforcer.look(libc.monotonicNs()); // in force before the first function comes
  return enforcer;
}

/** The backend cfs, switched on before the first function comes. */
function startCfs(resources: DisposableStack, options: EventThreadOptions): CfsEnforcer {
  using cleanup = new DisposableStack();
  const scheduler = cleanup.use(new CfsScheduler(options, options.maxWaitNs));
  scheduler.attach();
  resources.use(cleanup.move());
  return resources.use(new CfsEnforcer(scheduler));
}

/**
 * Loads the scheduler. The kernel took it when it was asked, but may refuse it now, for want of memory say.
 *
 * @param orStock whether the stock backend may take its place: then it is undefined, and people are told why
 */
export function orUndefined<T>(load: () => T, orStock: boolean, note: (text: string) => void): T | undefined {
  try {
    return load();
  } catch (error) {
    if (!orStock) throw error;
    note(
      `the backend is stock: cannot load the scheduler: ${error instanceof Error ? error.message : error}`,
    );
    return undefined;
  }
}

/** The scheduler of others that is in force, or comes or goes; undefined where there is none. */
function otherScheduler(): string | undefined {
  const state = schedExtState(thisMachine);
  return state.kind === "taken" ? `${state.scheduler}, ${state.state}` : undefined;
}

/** The scheduler's figures; undefined where the backend has none. */
export function schedulerReport(enforcer: Enforcer): SchedulerReport | undefined {
  if (!(enforcer instanceof ScxOrStock)) return undefined;
  const { parts: { scx }, ends } = enforcer;
  return scx instanceof ScxEnforcer ? { ...scx.scheduler.figures(), ends } : undefined;
}

/** The journal, written through memory: a system call at every change would be too dear here. */
function openJournal(
  resources: DisposableStack,
  libc: Libc,
  journalFd: number | undefined,
  startTimeOf: EventEnforcerParts["startTimeOf"],
): ChangeJournal {
  if (journalFd === undefined) return NO_JOURNAL;
  const { buffer } = resources.use(libc.map(journalFd, JOURNAL.bytes, 0, true));
  const journal = new Journal(buffer, bootId(), startTimeOf);
  journal.resume();
  return journal;
}
