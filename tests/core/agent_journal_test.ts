import assert from "node:assert/strict";
import { AgentJournal } from "../../core/agent_journal.ts";
import { bootId, JOURNAL_NAME, JournalFile, journalPaths, readJournalFile } from "../../core/journal_file.ts";
import { Journal } from "../../enforce/journal.ts";
import { JOURNAL } from "../../enforce/journal_layout.ts";
import { Libc, SCHED_IDLE, SCHED_NORMAL } from "../../ffi/libc.ts";

const PLAIN = { policy: SCHED_NORMAL, flags: 0n, nice: 0, priority: 0, runtimeNs: 0n };

/** A state folder and a runtime folder, in memory; neither is there yet. */
function withFolders(test: (state: string, runtime: string) => void): void {
  const folder = Deno.makeTempDirSync({ dir: "/dev/shm", prefix: "alps-journal-" });
  try {
    test(`${folder}/lib/state`, `${folder}/run`);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Writes through a journal's descriptor, as the event thread does. */
function write(fd: number, use: (journal: Journal) => void): void {
  using libc = new Libc();
  using mapping = libc.map(fd, JOURNAL.bytes, 0, true);
  const journal = new Journal(mapping.buffer, bootId(), (tid) => tid);
  journal.resume();
  use(journal);
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name);

Deno.test("AgentJournal.open() makes a journal with its room on the disk, and a link to it; closing removes both", () =>
  withFolders((state, runtime) => {
    {
      using journal = AgentJournal.open(state, runtime);
      assert.deepEqual([journal.problems, journal.notEnforcing], [[], undefined]);
      const { size, blocks, mode } = Deno.statSync(`${state}/${JOURNAL_NAME}`);
      assert.deepEqual([size, blocks! * 512 >= size, mode! & 0o777], [JOURNAL.bytes, true, 0o600]);
      assert.equal(Deno.readLinkSync(`${runtime}/${JOURNAL_NAME}`), `${state}/${JOURNAL_NAME}`);
      assert.deepEqual(journalPaths("/elsewhere", runtime), [
        `/elsewhere/${JOURNAL_NAME}`,
        `${state}/${JOURNAL_NAME}`,
      ]);
      write(journal.fd!, (written) => written.done(written.beforeTask(7, PLAIN, PLAIN)));
    }
    assert.deepEqual([names(state), names(runtime)], [[], []]);
  }));

Deno.test("AgentJournal.open() keeps the journal, and the link, of what could not be put back, for the next one", () =>
  withFolders((state, runtime) => {
    {
      using journal = AgentJournal.open(state, runtime);
      write(journal.fd!, (written) => void written.beforeTask(7, PLAIN, { ...PLAIN, policy: SCHED_IDLE }));
    }
    assert.deepEqual([names(state), names(runtime)], [[JOURNAL_NAME], [JOURNAL_NAME]]);
    using next = AgentJournal.open(state, runtime);
    write(next.fd!, (written) => void written.beforeTask(8, PLAIN, PLAIN));
    const { tasks } = readJournalFile(`${state}/${JOURNAL_NAME}`, bootId())!;
    assert.deepEqual(tasks.map(({ tid }) => tid), [7, 8]);
  }));

Deno.test("AgentJournal.open() takes the runtime folder where the state folder takes none, and says so", () =>
  withFolders((_, runtime) => {
    {
      using journal = AgentJournal.open("/dev/null/state", runtime);
      assert.ok(journal.fd !== undefined);
      assert.equal(journal.problems.length, 1);
      assert.match(
        journal.problems[0]!,
        /^cannot keep a journal in \/dev\/null\/state: [^\n]+; it is in \S+\/run instead$/,
      );
      assert.ok(Deno.lstatSync(`${runtime}/${JOURNAL_NAME}`).isFile);
    }
    assert.deepEqual(names(runtime), []);
  }));

Deno.test("AgentJournal.open() goes on with what could not be put back of journals in other folders", () =>
  withFolders((state, runtime) => {
    const idle = { ...PLAIN, policy: SCHED_IDLE };
    {
      using journal = AgentJournal.open("/dev/null/state", runtime);
      write(journal.fd!, (written) => void written.beforeTask(7, PLAIN, idle));
    }
    {
      using journal = AgentJournal.open(`${state}/first`, runtime);
      write(journal.fd!, (written) => void written.beforeTask(8, PLAIN, idle));
    }
    {
      using journal = AgentJournal.open(`${state}/second`, runtime);
      write(journal.fd!, (written) => void written.beforeTask(9, PLAIN, idle));
    }
    assert.deepEqual([names(`${state}/first`), names(`${state}/second`)], [[], [JOURNAL_NAME]]);
    const { tasks } = readJournalFile(`${state}/second/${JOURNAL_NAME}`, bootId())!;
    assert.deepEqual(tasks.map(({ tid }) => tid).sort(), [7, 8, 9]);
    // And back, where the state folder takes none.
    using last = AgentJournal.open("/dev/null/state", runtime);
    assert.equal(last.problems.length, 1);
    assert.equal(readJournalFile(`${runtime}/${JOURNAL_NAME}`, bootId())!.tasks.length, 3);
  }));

Deno.test("AgentJournal.open() leaves a journal alone that it cannot read", () =>
  withFolders((state, runtime) => {
    Deno.mkdirSync(runtime, { recursive: true });
    const path = `${runtime}/${JOURNAL_NAME}`;
    Deno.writeTextFileSync(path, "precious");
    Deno.chmodSync(path, 0o666);
    using journal = AgentJournal.open(state, runtime);
    assert.ok(journal.fd !== undefined);
    assert.match(
      journal.problems[0]!,
      /will not find \S+: \S+ is in the way, a journal that cannot be read$/,
    );
    assert.equal(Deno.readTextFileSync(path), "precious");
  }));

Deno.test("AgentJournal.open() says in one line why there is none", () =>
  withFolders(() => {
    using journal = AgentJournal.open("/dev/null/a", "/dev/null/b");
    assert.equal(journal.fd, undefined);
    assert.match(
      journal.notEnforcing!,
      /^nothing is enforced, [^\n]*: cannot keep a journal in \/dev\/null\/a: [^\n]+; cannot keep a journal in \/dev\/null\/b: [^\n]+$/,
    );
  }));

Deno.test("JournalFile.create() follows no link that someone has put in its way", () =>
  withFolders((state) => {
    Deno.mkdirSync(state, { recursive: true });
    const target = `${state}/precious`;
    Deno.writeTextFileSync(target, "precious");
    for (const name of [JOURNAL_NAME, `${JOURNAL_NAME}.new`]) Deno.symlinkSync(target, `${state}/${name}`);
    using libc = new Libc();
    using file = JournalFile.create(libc, state);
    assert.ok(Deno.lstatSync(file.path).isFile);
    assert.equal(Deno.readTextFileSync(target), "precious");
  }));

Deno.test("readJournalFile() does not trust what others could have written", () =>
  withFolders((state) => {
    Deno.mkdirSync(state, { recursive: true });
    const path = `${state}/${JOURNAL_NAME}`;
    assert.equal(readJournalFile(path, bootId()), undefined);
    Deno.writeFileSync(path, new Uint8Array(JOURNAL.bytes));
    for (const [mode, allowed] of [[0o600, true], [0o644, true], [0o664, false], [0o602, false]] as const) {
      Deno.chmodSync(path, mode);
      if (allowed) assert.ok(readJournalFile(path, bootId()));
      else assert.throws(() => readJournalFile(path, bootId()), /others can write to it/);
    }
    Deno.removeSync(path);
    Deno.mkdirSync(path);
    assert.throws(() => readJournalFile(path, bootId()), /^Error: cannot read the journal /);
  }));
