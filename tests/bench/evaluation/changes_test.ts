import assert from "node:assert/strict";
import { changes, differences, independentRatio, readDocument } from "../../../bench/evaluation/changes.ts";
import { changesText } from "../../../bench/evaluation/changes_text.ts";
import { fakeDocument } from "./fake_document.ts";

const rounds = (...factors: number[]) => factors.map((factor) => ({ factor }));

Deno.test("changes() tells a change from noise", async () => {
  const before = await fakeDocument({
    default: rounds(5, 5, 5),
    sfs: rounds(3, 4, 5),
    "alps:avg": rounds(3, 3.1, 3.2),
  });
  const after = await fakeDocument({
    default: rounds(5, 5, 5),
    sfs: rounds(3.5, 4, 4.4),
    "alps:avg": rounds(2, 2.1, 2),
  });
  const found = changes(before, after).map(({ policy, real }) => [policy, real]);
  assert.deepEqual(found, [["sfs", false], ["alps:avg", true]]);
  const text = changesText(before, after, 100).replaceAll(/\n +/g, " ");
  assert.match(text, /alps:avg +mean over the default's 0\.62 -> 0\.40, changed by 0\.65/);
  assert.match(text, /sfs +mean over the default's 0\.80 -> 0\.80, no difference/);
});

Deno.test("changes() of one round each are never called real", async () => {
  const before = await fakeDocument({ default: rounds(5), "alps:avg": rounds(3) });
  const after = await fakeDocument({ default: rounds(5), "alps:avg": rounds(2) });
  assert.deepEqual(changes(before, after).map(({ real }) => real), [false]);
});

Deno.test("differences() names what else was not the same", async () => {
  const before = await fakeDocument({ default: rounds(5, 5), sfs: rounds(3, 3) });
  assert.deepEqual(differences(before, before), []);
  const after = { ...before, work: 1, machine: { ...before.machine, kernel: "7.0" } };
  assert.equal(differences(before, after).length, 2);
});

Deno.test("independentRatio() is of medians, and wide where either side is", () => {
  assert.deepEqual(independentRatio([2, 2, 2], [4, 4, 4]), { median: 0.5, low: 0.5, high: 0.5 });
  const { low, high } = independentRatio([1, 2, 3], [2, 2, 2]);
  assert.ok(low === 0.5 && high === 1.5);
});

Deno.test("readDocument() says in a line what is wrong", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/old.json`;
    for (const text of ["", "{}", '{"runs": 3}']) {
      await Deno.writeTextFile(path, text);
      await assert.rejects(
        readDocument(path),
        (error: Error) =>
          error.message.startsWith(`cannot compare with "${path}": `) && !error.message.includes("\n"),
      );
    }
    const document = await fakeDocument({ default: rounds(5, 5), sfs: rounds(3, 3) });
    await Deno.writeTextFile(path, JSON.stringify(document));
    assert.equal(changes(await readDocument(path), document)[0]!.ratio.median, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
