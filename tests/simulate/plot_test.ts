import assert from "node:assert/strict";
import { drawDistributions } from "../../simulate/plot.ts";

Deno.test("drawDistributions() draws a line per policy for turnaround and for slowdown", () => {
  const svg = drawDistributions("a <trace> & more", [
    { policy: "ps", turnaroundMs: Float64Array.of(5, 1, 400), slowdown: Float64Array.of(1, 1, 80) },
    { policy: "srpt", turnaroundMs: Float64Array.of(1, 2, 300), slowdown: Float64Array.of(1, 2, 60) },
  ]);
  assert.match(svg, /^<svg [^]*<\/svg>\s*$/);
  for (const text of [">ps<", ">srpt<", "a &lt;trace&gt; &amp; more", ">turnaround, ms<"]) {
    assert.ok(svg.includes(text), text);
  }
  assert.equal(svg.match(/stroke-linejoin="bevel"/g)?.length, 4);
});

Deno.test("drawDistributions() takes no values, one, none but zeros, and a million alike, without NaN", () => {
  for (const values of [[], [3], [0, 0], new Array<number>(1e6).fill(7)]) {
    const svg = drawDistributions("t", [
      { policy: "ps", turnaroundMs: Float64Array.from(values), slowdown: new Float64Array() },
    ]);
    assert.match(svg, /<\/svg>/);
    assert.doesNotMatch(svg, /NaN|Infinity|undefined/);
    assert.ok(svg.length < 100_000);
  }
});
