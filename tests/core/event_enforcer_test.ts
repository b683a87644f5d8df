import assert from "node:assert/strict";
import { orUndefined } from "../../core/event_enforcer.ts";

const refused = () => {
  throw new Error("ENOMEM");
};

Deno.test("orUndefined() loads, and where that fails leaves it to stock only if that was the person's choice", () => {
  const notes: string[] = [], note = (text: string) => void notes.push(text);
  assert.equal(orUndefined(() => 7, true, note), 7);
  assert.equal(orUndefined(refused, true, note), undefined);
  assert.deepEqual(notes, ["the backend is stock: cannot load the scheduler: ENOMEM"]);
  assert.throws(() => orUndefined(refused, false, note), /ENOMEM/);
});
