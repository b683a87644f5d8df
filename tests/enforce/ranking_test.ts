import assert from "node:assert/strict";
import type { Orders } from "../../enforce/enforcer.ts";
import { Ranking } from "../../enforce/ranking.ts";
import type { FunctionPolicy } from "../../learn/policy.ts";

const MS = 1e6;

/** A function that is predicted to take `ms`; beyond that its rank rises as fast as it runs. */
function policy(functionId: number, ms: number, priority = 1): FunctionPolicy {
  const ns = ms * MS;
  return {
    functionId,
    priority,
    sliceNs: ns,
    predictedCpuNs: ns,
    table: [0, ns, ns, 0],
    tailSlope: 1,
  };
}

function orders(changed: FunctionPolicy[], pinned: [number, number][] = [], removed: number[] = []): Orders {
  return { changed, pinned, removed, prior: undefined };
}

Deno.test("Ranking.rank() of a known function is its table's, and falls as it comes on", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10), policy(2, 100)]));
  assert.equal(ranking.rank(1, 0, 0), 10 * MS);
  assert.equal(ranking.rank(1, 4 * MS, 0), 6 * MS);
  assert.equal(ranking.rank(1, 25 * MS, 0), 15 * MS, "past the prediction it rises");
  assert.ok(ranking.rank(2, 95 * MS, 0) < ranking.rank(1, 0, 0), "least remaining, not shortest function");
});

Deno.test("Ranking.rank() lets the older of two equal invocations go first", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10)]));
  const start = 30 * 86400e9; // a month of uptime: the difference must not drown
  assert.ok(ranking.rank(1, 0, start) < ranking.rank(1, 0, start + MS));
  // 10 ms less to do count more than 100 ms of age.
  ranking.setOrders(orders([policy(1, 10), policy(2, 20)]));
  assert.ok(ranking.rank(1, 0, start + 100 * MS) < ranking.rank(2, 0, start));
});

Deno.test("Ranking.rank() of a pinned function holds for the whole invocation, whatever it has used", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10), policy(2, 100)], [[2, -Infinity], [1, Infinity]]));
  for (const attained of [0, 50 * MS, 1e12]) {
    assert.equal(ranking.rank(2, attained, 5), -Infinity);
    assert.equal(ranking.rank(1, attained, 5), Infinity);
  }
});

Deno.test("Ranking.rank() compares a pinned rank with the learned ones of the same age", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10), policy(2, 100)], [[3, 50 * MS]]));
  for (const start of [0, 3600e9, 30 * 86400e9]) {
    const [first, second, pinned] = [1, 2, 3].map((id) => ranking.rank(id, 0, start));
    assert.ok(first! < pinned! && pinned! < second!, `${first} ${pinned} ${second} with a start at ${start}`);
  }
});

Deno.test("Ranking.setOrders() changes what it names, keeps other functions, and replaces all pins", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10), policy(2, 30)], [[1, -Infinity]]));
  ranking.setOrders(orders([policy(2, 40)]));
  assert.equal(ranking.rank(1, 0, 0), 10 * MS, "no longer pinned");
  assert.equal(ranking.rank(2, 0, 0), 40 * MS);
});

Deno.test("Ranking.setOrders() forgets functions that are removed: they are unknown again", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10)]));
  ranking.setOrders(orders([], [], [1, 99]));
  assert.equal(ranking.rank(1, 0, 0), 0);
  ranking.learn(1, 7 * MS);
  assert.equal(ranking.rank(1, 0, 0), 7 * MS);
});

Deno.test("Ranking: of a function of which nothing is known, the one that has come furthest goes first", () => {
  const ranking = new Ranking();
  const attained = [1 * MS, 7 * MS, 3 * MS];
  for (const ns of attained) ranking.note(9, ns);
  const ranks = attained.map((ns) => ranking.rank(9, ns, 0));
  assert.ok(ranks[1]! < ranks[2]! && ranks[2]! < ranks[0]!, ranks.join(" "));
  assert.ok(ranks.every((rank) => rank >= 0));
});

Deno.test("Ranking: of equally unknown invocations the older goes first", () => {
  const ranking = new Ranking();
  assert.ok(ranking.rank(9, 0, 1000) < ranking.rank(9, 0, 2000));
});

Deno.test("Ranking.learn() ranks a function without a policy by the mean of what it has used", () => {
  const ranking = new Ranking();
  ranking.learn(1, 10 * MS);
  ranking.learn(1, 30 * MS);
  assert.equal(ranking.rank(1, 0, 0), 20 * MS);
  assert.equal(ranking.rank(1, 15 * MS, 0), 5 * MS);
});

Deno.test("Ranking: past its mean an invocation's rank rises without a jump, up to what it has used", () => {
  const ranking = new Ranking();
  ranking.learn(1, 20 * MS);
  let last = ranking.rank(1, 20 * MS, 0);
  assert.equal(last, 0);
  for (let ms = 20.5; ms < 200; ms += 0.5) {
    const rank = ranking.rank(1, ms * MS, 0);
    assert.ok(rank >= last && rank - last <= 2 * MS + 1, `from ${last} to ${rank} at ${ms} ms`);
    assert.ok(rank <= ms * MS);
    last = rank;
  }
  assert.equal(last, 199.5 * MS);
});

Deno.test("Ranking.learn() and note() change nothing where a policy covers the function", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10)]));
  ranking.learn(1, 1000 * MS);
  ranking.note(1, 1000 * MS);
  assert.equal(ranking.rank(1, 0, 0), 10 * MS);
});

Deno.test("Ranking forgets its own mean once a policy covers the function", () => {
  const ranking = new Ranking();
  ranking.learn(1, 500 * MS);
  ranking.setOrders(orders([policy(1, 10)]));
  ranking.setOrders(orders([], [], [1]));
  ranking.learn(1, 30 * MS);
  assert.equal(ranking.rank(1, 0, 0), 30 * MS);
});

Deno.test("Ranking.untilAbove() gives the CPU time after which the rank passes another", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10)]));
  for (const start of [0, 6400]) {
    for (
      const [attainedMs, otherMs, wantedMs] of [[0, 4, 0], [0, 30, 40], [5, 30, 35], [12, 30, 28], [
        50,
        30,
        0,
      ]]
    ) {
      const other = otherMs! * MS + start / 64;
      const got = ranking.untilAbove(1, attainedMs! * MS, start, other);
      assert.equal(got, wantedMs! * MS, `${attainedMs} ms attained, the other at ${otherMs} ms`);
      // One nanosecond later the rank is above, whatever it was before.
      assert.ok(ranking.rank(1, attainedMs! * MS + got + 1, start) > other || wantedMs === 0);
    }
  }
});

Deno.test("Ranking.untilAbove() never comes for a pinned function, and soon for an unknown one", () => {
  const ranking = new Ranking();
  ranking.setOrders(orders([policy(1, 10)], [[1, 5]]));
  assert.equal(ranking.untilAbove(1, 0, 0, 0), Infinity);
  const unknown = ranking.untilAbove(9, 0, 0, 0);
  assert.ok(unknown > 0 && unknown <= 10 * MS);
});

Deno.test("Ranking remembers functions without a policy, and not without end", () => {
  const ranking = new Ranking();
  ranking.learn(1, 100 * MS);
  for (let id = 2; id < 1000; id++) ranking.learn(id, MS);
  assert.equal(ranking.rank(1, 0, 0), 100 * MS);
  for (let id = 1000; id < 10_000; id++) ranking.learn(id, MS);
  assert.equal(ranking.rank(1, 0, 0), 0, "it is a new one again");
  assert.equal(ranking.rank(9_999, 0, 0), MS);
});
