import assert from "node:assert/strict";
import { positiveNumber, wholeNumber } from "../../bench/numbers.ts";

Deno.test("wholeNumber() takes what is in its range and names the range of what is not", () => {
  assert.equal(wholeNumber()("7"), 7);
  assert.equal(wholeNumber(0)("0"), 0);
  for (const text of ["x", "", "0", "-1", "1.5", "1e3", "NaN"]) {
    assert.throws(() => wholeNumber()(text), /whole number from 1 on/, text);
  }
  assert.throws(() => wholeNumber(10, 100)("101"), /from 10 to 100/);
});

Deno.test("positiveNumber() takes fractions, and nothing at or below 0", () => {
  assert.equal(positiveNumber("0.9"), 0.9);
  for (const text of ["x", "", " ", "0", "-1", "Infinity", "NaN"]) {
    assert.throws(() => positiveNumber(text), /number above 0/, text);
  }
});

Deno.test("deno task bench memory refuses a number that is none, in one line", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", "bench/main.ts", "memory", "--functions", "x"],
  }).output();
  assert.equal(success, false);
  assert.match(
    new TextDecoder().decode(stderr),
    /^error: option '--functions <n>' .* whole number from 1 on\.\n$/,
  );
});
