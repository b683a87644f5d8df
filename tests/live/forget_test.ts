/** Functions that are forgotten, on the kernel side too. */
import assert from "node:assert/strict";
import { FORGET_AFTER_MS } from "../../observe/functions.ts";
import { liveTest } from "./lab.ts";

Deno.test(
  liveTest(
    "a function that is forgotten is known anew, under another number, when it runs again",
    async (lab) => {
      lab.rule("exe:{lab}/{function}");
      const path = await lab.program("f"), other = await lab.program("g");
      const first = await lab.introduce(path);
      await lab.introduce(other);
      await lab.record(lab.start(path, 3).pid);
      assert.equal(lab.observer.statsOf(first.functionId)?.invocations, 2);

      const nowMs = performance.now() + FORGET_AFTER_MS + 1000;
      const gone = lab.functions.forget(nowMs, ({ name }) => name === "g");
      assert.deepEqual(gone.map(({ name }) => name), ["f"]);
      lab.classifier.voidVerdicts();
      for (const { id } of gone) lab.observer.removeFunction(id);
      assert.equal(lab.observer.statsOf(first.functionId), undefined);

      const again = await lab.introduce(path);
      assert.equal(again.name, "f");
      assert.notEqual(again.functionId, first.functionId);
      assert.equal(lab.observer.statsOf(again.functionId)?.invocations, 1);
      // The other one is asked about anew, too, and is the same.
      assert.equal((await lab.introduce(other)).name, "g");
      assert.equal(lab.functions.size, 2);
      assert.equal(lab.observer.shared.counters().lostNoStats, 0);
    },
  ),
);
