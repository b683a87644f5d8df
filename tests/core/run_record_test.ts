import assert from "node:assert/strict";
import { leftRecord, RunRecord } from "../../core/run_record.ts";

const INFO = {
  pid: 12,
  version: "0.1.0",
  started: "2026-03-01T12:00:00.000000Z",
  backend: "stock",
  url: "http://127.0.0.1:8083",
  socket: "/run/alps/agent.sock",
};

/** A folder of the test's own. */
function withFolder(test: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "alps-state-" });
  try {
    test(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("RunRecord.write() makes the folder and the record, which is removed at the end", () =>
  withFolder((folder) => {
    const path = `${folder}/a/b/agent.json`;
    {
      using _ = RunRecord.write(`${folder}/a/b`, INFO);
      assert.deepEqual(JSON.parse(Deno.readTextFileSync(path)), INFO);
    }
    assert.deepEqual([...Deno.readDirSync(`${folder}/a/b`)], []);
  }));

Deno.test("leftRecord() tells what an agent that was killed has left", () =>
  withFolder((folder) => {
    assert.equal(leftRecord(folder), undefined);
    RunRecord.write(folder, { ...INFO, pid: 13 });
    assert.deepEqual(leftRecord(folder), { ...INFO, pid: 13 });
    using _again = RunRecord.write(folder, { ...INFO, pid: 14 });
    assert.deepEqual(leftRecord(folder), { ...INFO, pid: 14 });
  }));

Deno.test("leftRecord() passes over a damaged record, and one that cannot be read", () =>
  withFolder((folder) => {
    for (const text of ["", "{", "[]", '{"pid": "x"}', "null"]) {
      Deno.writeTextFileSync(`${folder}/agent.json`, text);
      assert.equal(leftRecord(folder), undefined, text);
    }
    Deno.removeSync(`${folder}/agent.json`);
    Deno.mkdirSync(`${folder}/agent.json`);
    assert.equal(leftRecord(folder), undefined);
  }));

Deno.test("RunRecord.write() says in one line where it cannot write", () =>
  withFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/file`, "");
    assert.throws(
      () => RunRecord.write(`${folder}/file/state`, INFO),
      (error: Error) =>
        error.message.startsWith(`cannot write to the state folder ${folder}/file/state: `) &&
        !error.message.includes("\n"),
    );
  }));
