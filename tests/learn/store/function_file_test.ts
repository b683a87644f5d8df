import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  DROP_AFTER_MS,
  FunctionFile,
  MOST_STORED,
  SCHEMA_VERSION,
  setAside,
  UnusableFileError,
} from "../../../learn/store/function_file.ts";
import { HOSTILE_NAMES } from "../../observe/hostile_names.ts";
import { plain, samples, withFolder } from "./samples.ts";

/** Writes functions into the file at `path` and closes it. */
function write(path: string, functions: Record<string, number>, elapsedMs = 0): void {
  using file = FunctionFile.open(path);
  file.write(
    Object.entries(functions).map(([name, value]) => ({ name, samples: samples(value) })),
    [],
    elapsedMs,
  );
}

function read(path: string) {
  using file = FunctionFile.open(path);
  return file.read();
}

const listed = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("FunctionFile keeps functions by name, in one file that only its owner can use", () =>
  withFolder((folder) => {
    const path = `${folder}/lib/alps/learned`;
    assert.deepEqual([...read(path)], []);
    write(path, { a: 1, b: 2 });
    write(path, { b: 3 });
    {
      using file = FunctionFile.open(path);
      file.write([{ name: "c", samples: { cpuNs: [1, 2, 3], slicesNs: [] } }], ["a", "no such"], 0);
    }
    assert.deepEqual(plain(read(path)), [...plain([["b", samples(3)]]), ["c", [1, 2, 3], [], []]]);
    assert.deepEqual(listed(`${folder}/lib/alps`), ["learned"]);
    assert.equal(Deno.statSync(path).mode! & 0o777, 0o600);
  }));

Deno.test("FunctionFile takes any name as it is, but what is no text", () =>
  withFolder((folder) => {
    const names = ["'); DROP TABLE functions; --", "a\0b", "a", "", "\ufffd", "é", "é", "x".repeat(1e6)]
      .concat(Object.values(HOSTILE_NAMES).filter((name) => name.isWellFormed()));
    const wanted = [...new Set(names)];
    {
      using file = FunctionFile.open(`${folder}/f`);
      const all = [...wanted, "\ud800", "a\udfff"];
      file.write(all.map((name, i) => ({ name, samples: samples(i) })), [], 0);
    }
    assert.deepEqual(plain(read(`${folder}/f`)), plain(wanted.map((name, i) => [name, samples(i)])));
    {
      using file = FunctionFile.open(`${folder}/f`);
      file.write([], wanted, 0);
    }
    assert.equal(read(`${folder}/f`).size, 0);
  }));

Deno.test("FunctionFile.read() leaves out what can be no measurement", () =>
  withFolder((folder) => {
    {
      using file = FunctionFile.open(`${folder}/f`);
      const odd = { cpuNs: [1, NaN, -1, Infinity, 2, 1e300], slicesNs: [-0, 3] };
      file.write([{ name: "f", samples: odd }], [], 0);
    }
    assert.deepEqual(plain(read(`${folder}/f`)), [["f", [1, 2], [-0, 3], []]]);
  }));

Deno.test("FunctionFile drops functions by the time that agents have run, whatever the clock says", () =>
  withFolder((folder) => {
    const path = `${folder}/f`;
    write(path, { old: 1 });
    write(path, { young: 1 }, DROP_AFTER_MS);
    assert.deepEqual([...read(path).keys()], ["old", "young"]);
    write(path, { new: 1 }, 1);
    assert.deepEqual([...read(path).keys()], ["young", "new"]);
    // A clock that went back cannot make anything younger.
    write(path, { new: 1 }, -1e15);
    write(path, { new: 1 }, DROP_AFTER_MS);
    assert.deepEqual([...read(path).keys()], ["new"]);
  }));

Deno.test("FunctionFile writes and reads 10 000 functions, and holds no more than its bound", () =>
  withFolder((folder) => {
    const path = `${folder}/f`;
    const functions = (from: number, count: number) =>
      Array.from({ length: count }, (_, i) => ({
        name: `${from + i}-${"x".repeat(240)}`,
        samples: samples(i, 100),
      }));
    const said: string[] = [];
    function timed<T>(what: string, work: () => T): T {
      const began = performance.now(), result = work();
      said.push(`${what} ${Math.round(performance.now() - began)} ms`);
      return result;
    }
    const ten = functions(0, 10_000), rest = functions(10_000, MOST_STORED - 10_000 + 500);
    {
      using file = FunctionFile.open(path);
      timed("10 000 functions of 100 samples: written in", () => file.write(ten, [], 1));
      timed("written again in", () => file.write(ten, [], 1));
      timed("a hundred of them in", () => file.write(ten.slice(500, 600), [], 1));
      assert.ok(Deno.statSync(`${path}-wal`).size < 32e6);
    }
    assert.equal(timed("opened, checked and read in", () => read(path)).size, 10_000);
    {
      using file = FunctionFile.open(path);
      file.write(rest, [], 1);
    }
    const { size } = Deno.statSync(path);
    const known = read(path);
    assert.equal(known.size, MOST_STORED);
    assert.ok(known.has(ten[550]!.name) && known.has(rest[0]!.name), "those that were seen last stay");
    assert.ok(size < 40e6, `${size} bytes`);
    console.log(`${said.join(", ")}; ${MOST_STORED} functions take ${(size / 1e6).toFixed(1)} MB`);
  }));

Deno.test("FunctionFile is one agent's at a time", () =>
  withFolder((folder) => {
    using _file = FunctionFile.open(`${folder}/f`);
    assert.throws(() => FunctionFile.open(`${folder}/f`), /^Error: another agent uses it$/);
    assert.deepEqual(listed(folder), ["f", "f-wal"]);
  }));

/** What opening throws where the file cannot be used. */
function unusable(path: string, kind: UnusableFileError["kind"], message: RegExp): void {
  assert.throws(() => read(path), (error: Error) => {
    assert.ok(error instanceof UnusableFileError, String(error));
    assert.deepEqual([error.kind, message.test(error.message)], [kind, true], error.message);
    return true;
  });
}

Deno.test("FunctionFile.open() tells a file that is damaged, newer, or not its own", () =>
  withFolder((folder) => {
    const path = `${folder}/f`;
    const fresh = (change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array) => {
      Deno.removeSync(path, { recursive: true });
      write(path, Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, i])));
      Deno.writeFileSync(path, change(Deno.readFileSync(path)));
    };
    const change = (sql: string) => {
      fresh((bytes) => bytes);
      const db = new DatabaseSync(path);
      db.exec(sql);
      db.close();
    };
    Deno.mkdirSync(path);
    unusable(path, "unusable", /it is no file/);
    fresh((bytes) => bytes.fill(0x41));
    unusable(path, "unusable", /not a database/);
    fresh((bytes) => bytes.subarray(0, bytes.length / 2));
    unusable(path, "unusable", /./);
    fresh((bytes) => bytes.subarray(0, 50));
    unusable(path, "unusable", /./);
    fresh((bytes) => bytes.fill(0, 3 * 4096, 4 * 4096));
    unusable(path, "unusable", /./);
    change(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    unusable(path, "newer", /a newer agent has made it \(version 2, this one writes 1\)/);
    change("PRAGMA user_version = -1");
    unusable(path, "unusable", /its version is -1/);
    change("DROP TABLE clock");
    unusable(path, "unusable", /no such table/);
    change("PRAGMA application_id = 7");
    unusable(path, "unusable", /this program has not made it/);
    fresh((bytes) => bytes);
    Deno.chmodSync(path, 0o666);
    unusable(path, "unusable", /others can write to it/);
    Deno.renameSync(path, `${folder}/g`);
    Deno.symlinkSync(`${folder}/g`, path);
    unusable(path, "unusable", /it is no file/);
    // What is empty is as good as new.
    fresh(() => new Uint8Array());
    assert.equal(read(path).size, 0);
  }));

Deno.test("FunctionFile reads, or refuses, whatever became of single bytes", () =>
  withFolder((folder) => {
    const path = `${folder}/f`;
    write(path, Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`f${i}`, i])));
    const whole = Deno.readFileSync(path);
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      const bytes = whole.slice();
      // The first pages hold what SQLite relies on.
      const at = (round * 7919) % (round % 2 ? bytes.length : 200);
      bytes[at] = bytes[at]! ^ (1 + (round * 31) % 255);
      Deno.writeFileSync(path, bytes);
      try {
        assert.ok(read(path).size <= 200);
      } catch (error) {
        assert.ok(error instanceof UnusableFileError, `byte ${at}: ${error}`);
        refused++;
      }
      for (const log of ["-wal", "-journal"]) {
        try {
          Deno.removeSync(path + log);
        } catch {
          // there is none
        }
      }
    }
    assert.ok(refused > 10 && refused < 200, `${refused} refused`);
  }));

Deno.test("setAside() makes room for a new file, and overwrites nothing", () =>
  withFolder((folder) => {
    const path = `${folder}/f`;
    for (const text of ["one", "two"]) {
      Deno.writeTextFileSync(path, text);
      Deno.writeTextFileSync(`${path}-wal`, `${text}'s log`);
      const aside = setAside(path, "unusable");
      assert.match(aside, /\/f\.unusable-\d{8}T\d{6}Z\+?$/);
      assert.deepEqual([aside, `${aside}-wal`].map((each) => Deno.readTextFileSync(each)), [
        text,
        `${text}'s log`,
      ]);
    }
    assert.equal(listed(folder).length, 4);
    assert.deepEqual([...read(path)], []);
  }));

Deno.test("FunctionFile holds whole writes only, and the last one finished, when its writer is killed", () =>
  withFolder(async (folder) => {
    const path = `${folder}/f`, script = new URL("./kill_main.ts", import.meta.url).pathname;
    for (const delayMs of [0, 3, 11, 24, 42]) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", script, path, "2000"],
        stdout: "piped",
      }).spawn();
      let said = "";
      for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
        if (said === "") {
          setTimeout(() => child.kill("SIGKILL"), delayMs);
        }
        said += text;
      }
      assert.equal((await child.status).signal, "SIGKILL");
      const finished = Number(said.trim().split("\n").at(-1));
      const known = plain(read(path));
      assert.equal(known.length, 2000);
      const [round] = new Set(known.map(([, cpuNs]) => cpuNs[0]! / 2 ** 20));
      for (const [, cpuNs, slicesNs] of known) {
        assert.deepEqual([new Set(cpuNs), new Set(slicesNs)], [
          new Set([round! * 2 ** 20]),
          new Set([round! * 2 ** 19]),
        ]);
      }
      assert.ok(round === finished || round === finished + 1, `${round} after ${finished}`);
    }
  }));
