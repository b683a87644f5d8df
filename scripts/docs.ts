/** `deno task docs`: writes what is generated of the documentation. A test compares it with what is there. */
import { join } from "node:path";
import { MAX_FUNCTION_SERIES, REST_LABEL } from "../api/function_series.ts";
import { METRICS } from "../api/metric_table.ts";
import { ROOT } from "./paths.ts";

/** Where the list of metrics is. */
export const METRICS_PATH = join(ROOT, "docs/metrics.md");

/** `docs/metrics.md`, from the table that `/metrics` is made from. */
export function metricsDocument(): string {
  const rows = METRICS.map(({ name, type, help, labels }) => {
    const series = labels.length === 0 ? name : `${name}{${labels.join(",")}}`;
    return `| \`${series}\` | ${type} | ${help.replaceAll("|", "\\|")} |`;
  });
  return `<!-- Written by \`deno task docs\`; the table is METRICS in api/metric_table.ts. -->

# Metrics

\`GET /metrics\` shows these in Prometheus's text format ([http.md](http.md#metrics) says how to scrape them). Counters count
from the agent's start. At most ${MAX_FUNCTION_SERIES} functions have series of their own; the rest is
\`function="${REST_LABEL}"\`.

| name | type | |
|---|---|---|
${rows.join("\n")}
`;
}

if (import.meta.main) await Deno.writeTextFile(METRICS_PATH, metricsDocument());
