import assert from "node:assert/strict";
import { RunRecord } from "../../core/run_record.ts";

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
      using _ = RunRecord.write(`${folder}/a/b`, INFO).record;
      assert.deepEqual(JSON.parse(Deno.readTextFileSync(path)), INFO);
    }
    assert.deepEqual([...Deno.readDirSync(`${folder}/a/b`)], []);
  }));

Deno.test("RunRecord.write() tells what an agent that was killed has left", () =>
  withFolder((folder) => {
    assert.equal(RunRecord.write(folder, INFO).left, undefined);
    using again = RunRecord.write(folder, { ...INFO, pid: 13 }).record;
    assert.equal(again.path, `${folder}/agent.json`);
    assert.deepEqual(RunRecord.write(folder, { ...INFO, pid: 14 }).left, { ...INFO, pid: 13 });
  }));

Deno.test("RunRecord.write() passes over a damaged record", () =>
  withFolder((folder) => {
    for (const text of ["", "{", "[]", '{"pid": "x"}', "null"]) {
      Deno.writeTextFileSync(`${folder}/agent.json`, text);
      assert.equal(RunRecord.write(folder, INFO).left, undefined, text);
    }
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
