/** Where the running agent keeps its journal, and what that means for it. */

import { osReason } from "../ffi/errors.ts";
import { Libc } from "../ffi/libc.ts";
import { JournalFile, journalPaths, linkJournal, RUNTIME_FOLDER } from "./journal_file.ts";

/** The journal of an agent; without one it must not change anything. */
export class AgentJournal implements Disposable {
  readonly #resources = new DisposableStack();
  /** Its descriptor; undefined where there is none. */
  fd: number | undefined;
  /** Why there is none, one line. */
  notEnforcing: string | undefined;
  /** What people should know, one line each. */
  readonly problems: string[] = [];

  private constructor() {}

  /**
   * Opens a journal in the state folder, or else in the runtime folder, which is in memory: what the journal says is void
   * after a restart of the machine anyway. What journals hold that could not be put back goes on in it. Never throws.
   */
  static open(stateFolder: string, runtimeFolder = RUNTIME_FOLDER): AgentJournal {
    const journal = new AgentJournal();
    const libc = journal.#resources.use(new Libc());
    const reasons: string[] = [];
    for (const folder of [stateFolder, runtimeFolder]) {
      try {
        const others = journalPaths(stateFolder, runtimeFolder);
        const file = JournalFile.create(libc, folder, others, folder === runtimeFolder);
        journal.#link(file.path, runtimeFolder);
        journal.fd = journal.#resources.use(file).fd;
        if (reasons.length > 0) journal.problems.push(`${reasons[0]}; it is in ${folder} instead`);
        return journal;
      } catch (error) {
        reasons.push(osReason(error));
      }
    }
    journal.notEnforcing = `nothing is enforced, because no change could be undone after a crash: ${
      reasons.join("; ")
    }`;
    return journal;
  }

  #link(path: string, runtimeFolder: string): void {
    try {
      this.#resources.use(linkJournal(path, runtimeFolder));
    } catch (error) {
      this.problems.push(`a next start with another state folder will not find ${path}: ${osReason(error)}`);
    }
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}
