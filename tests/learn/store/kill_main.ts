/** Writes the same functions again and again, each time with the next number, until it is killed. */
import { FunctionFile } from "../../../learn/store/function_file.ts";
import { samples } from "./samples.ts";

const [path, functions] = Deno.args;
using file = FunctionFile.open(path!);
for (let round = 1;; round++) {
  file.write(
    Array.from({ length: Number(functions) }, (_, i) => ({ name: `f${i}`, samples: samples(round, 100) })),
    [],
    1,
  );
  console.log(round);
}
