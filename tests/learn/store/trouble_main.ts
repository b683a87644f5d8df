/**
 * A memory in a folder where something is wrong, in steps that a command between them changes. Prints what each step noted,
 * and how many functions the file held at the start, as JSON.
 */
import { join } from "node:path";
import { Memory, RETRY_MS } from "../../../learn/store/memory.ts";
import { samples } from "./samples.ts";

const [folder, ...commands] = Deno.args;
const FUNCTIONS = 500;
let nowMs = 0, texts: string[] = [];
const steps: string[][] = [];
const endStep = () => {
  steps.push(texts);
  texts = [];
};
const memory = new Memory({
  path: join(folder!, "learned"),
  samplesOf: (id) => samples(id, 100),
  note: ({ text }) => texts.push(text),
  nowMs: () => nowMs,
});
endStep();
const recalled = Array.from({ length: FUNCTIONS }, (_, id) => memory.meet(id, `f${id}`) !== undefined);
for (const command of ["true", ...commands]) {
  const { success, stderr } = new Deno.Command("/bin/sh", { args: ["-c", command], cwd: folder! })
    .outputSync();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  for (let times = 0; times < 3; times++) {
    for (let id = 0; id < FUNCTIONS; id++) memory.change(id);
    nowMs += 10 * RETRY_MS;
    memory.writeIfDue();
  }
  endStep();
}
memory[Symbol.dispose]();
endStep();
console.log(JSON.stringify({ steps, recalled: recalled.filter((each) => each).length }));
