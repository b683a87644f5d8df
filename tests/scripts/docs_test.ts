import assert from "node:assert/strict";
import { METRICS } from "../../api/metric_table.ts";
import { METRICS_PATH, metricsDocument } from "../../scripts/docs.ts";

Deno.test("metricsDocument() has every metric with its labels, type and what it says", () => {
  const rows = [
    ...metricsDocument().matchAll(/^\| `(alps_[a-z_]+)(?:\{([a-z,]+)\})?` \| (\w+) \| (.+) \|$/gm),
  ];
  assert.deepEqual(
    rows.map(([, name, labels, type, help]) => ({ name, labels: labels?.split(",") ?? [], type, help })),
    METRICS.map(({ name, labels, type, help }) => ({ name, labels, type, help })),
  );
});

Deno.test("docs/metrics.md is what deno task docs writes", async () => {
  const text = await Deno.readTextFile(METRICS_PATH);
  assert.equal(text, metricsDocument(), "the metrics have changed: run deno task docs");
});
