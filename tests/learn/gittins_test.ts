import assert from "node:assert/strict";
import { randomNumbers } from "../../traces/random.ts";
import { gittinsCurve, type RankCurve } from "../../learn/gittins.ts";

/** Survival at 0, 1, … of a distribution. */
function curveOf(count: number, survivalAt: (time: number) => number) {
  const times = Float64Array.from({ length: count }, (_, index) => index);
  return listsOf(gittinsCurve(times, times.map(survivalAt)));
}

function listsOf({ attained, rank, length }: RankCurve) {
  return { attained: attained.slice(0, length), rank: rank.slice(0, length) };
}

function assertNear(actual: number, expected: number, within: number) {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not within ${within} of ${expected}`);
}

Deno.test("gittinsCurve() of a certain size is what remains", () => {
  const { attained, rank } = curveOf(200, (time) => time <= 99 ? 1 : 0);
  for (const at of [0, 10, 50, 98]) assertNear(rank[at]!, 100 - attained[at]!, 1);
  assert.equal(rank.length, 100);
});

Deno.test("gittinsCurve() of an exponential distribution is its mean everywhere", () => {
  const { rank } = curveOf(2000, (time) => Math.exp(-time / 100));
  for (const at of [0, 50, 500]) assertNear(rank[at]!, 100, 0.1);
});

Deno.test("gittinsCurve() of two sizes aims at the small one while it pays, then at the large one", () => {
  // 10 with probability 0.9, else 1000: aiming at 10 costs 10 / 0.9, at everything 109.
  const { rank } = curveOf(1200, (time) => time < 10 ? 1 : time < 1000 ? 0.1 : 0);
  assertNear(rank[0]!, 10 / 0.9, 1);
  assertNear(rank[20]!, 980, 1);
});

Deno.test("gittinsCurve() of nothing left is one point", () => {
  const { attained, rank } = listsOf(gittinsCurve(new Float64Array([0, 5]), new Float64Array([1, 1])));
  assert.deepEqual([[...attained], [...rank]], [[0], [5]]);
});

Deno.test("gittinsCurve() is the least over all stretches, as its definition says", () => {
  const random = randomNumbers(9);
  for (let round = 0; round < 300; round++) {
    const count = 2 + Math.floor(random() * 40);
    const times = new Float64Array(count), survival = new Float64Array(count);
    survival[0] = 1;
    for (let at = 1; at < count; at++) {
      times[at] = times[at - 1]! + 1e-3 + random();
      survival[at] = random() < 0.3 ? survival[at - 1]! : survival[at - 1]! * random();
    }
    const area = [0];
    for (let at = 1; at < count; at++) {
      area.push(area[at - 1]! + (times[at]! - times[at - 1]!) * (survival[at]! + survival[at - 1]!) / 2);
    }
    const wanted = [...times.keys()].map((from) =>
      Math.min(
        ...[...times.keys()].filter((to) => to > from && survival[to]! < survival[from]!)
          .map((to) => (area[to]! - area[from]!) / (survival[from]! - survival[to]!)),
      )
    );
    const { attained, rank } = listsOf(gittinsCurve(times, survival));
    const finite = wanted.findIndex((value) => value === Infinity);
    assert.deepEqual([...attained], finite > 0 ? [...times.slice(0, finite)] : [0]);
    if (finite > 0) {
      rank.forEach((value, at) =>
        assert.ok(Math.abs(value - wanted[at]!) <= 1e-9 * wanted[at]!, `${value} ${wanted[at]}`)
      );
    }
  }
});
