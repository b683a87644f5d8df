import assert from "node:assert/strict";
import { type RunInvocations, whatIf } from "../../simulate/whatif.ts";

const MS = 1e6;

/** Invocations of `[functionId, startMs, cpuMs, endMs]`, on a clock that has run for a day. */
function run(...rows: readonly (readonly [number, number, number, number])[]): RunInvocations {
  const column = (place: number, day = 0) => Float64Array.from(rows, (row) => day + row[place]!);
  const scaled = (place: number, day = 0) => column(place).map((ms) => day + ms * MS);
  return {
    functionIds: column(0),
    startNs: scaled(1, 86400e9),
    cpuNs: scaled(2),
    endNs: scaled(3, 86400e9),
  };
}

/** A long one, then a short one: run in turns they were, half and half. In the order of their ends. */
const TWO = run([7, 10, 10, 30], [3, 0, 90, 100]);

Deno.test("whatIf() compares what was with the fair ideal, the order in force and SRPT", () => {
  const table = (ms: number) => ({ table: [0, ms * MS, ms * MS, 0], tailSlope: 1 });
  const order = {
    functions: [{ functionId: 3, ...table(90) }, { functionId: 7, ...table(10) }],
    prior: undefined,
  };
  const { load, all, functions } = whatIf(TWO, 1, order);
  assert.equal(load, 10);
  assert.deepEqual(all, {
    invocations: 2,
    cpuNs: 50 * MS,
    measured: { meanNs: 60 * MS, p99Ns: 100 * MS },
    fair: { meanNs: 60 * MS, p99Ns: 100 * MS },
    policy: { meanNs: 55 * MS, p99Ns: 100 * MS },
    oracle: { meanNs: 55 * MS, p99Ns: 100 * MS },
  });
  assert.deepEqual(
    functions.map(({ functionId, fair, oracle }) => [functionId, fair.meanNs, oracle.meanNs]),
    [
      [3, 100 * MS, 100 * MS],
      [7, 20 * MS, 10 * MS],
    ],
  );
});

Deno.test("whatIf() ranks functions without a table by the prior, and without one by what they have used", () => {
  const firstCome = { table: [0, 0], tailSlope: 0 };
  const withPrior = whatIf(TWO, 1, { functions: [], prior: firstCome });
  assert.equal(withPrior.all.policy.meanNs, 90 * MS, "the short one waits for the long one");
  const without = whatIf(TWO, 1, { functions: [], prior: undefined });
  // It goes first until it has used as much as the long one had before it came, which is nearly all that it needs.
  const shortNs = without.functions[1]!.policy.meanNs;
  assert.ok(shortNs >= 10 * MS && shortNs < 15 * MS, `${shortNs}`);
});

Deno.test("whatIf() takes nothing, one, and ones without CPU time", () => {
  const none = { functions: [], prior: undefined };
  assert.deepEqual(whatIf(run(), 2, none).all.measured, { meanNs: 0, p99Ns: 0 });
  const one = whatIf(run([1, 0, 0, 5]), 2, none);
  assert.deepEqual([one.load, one.all.invocations, one.all.measured.meanNs], [0, 1, 5 * MS]);
  assert.throws(() => whatIf(TWO, 0, none), RangeError);
});
