/** The page of Prometheus metrics. */
import process from "node:process";
import { type Metric, Registry } from "prom-client";
import type { MetricsSnapshot } from "./agent_view.ts";
import { FunctionSeries } from "./function_series.ts";
import type { MetricDefinition, MetricSource, ProcessFigures } from "./metric_definition.ts";
import { METRICS } from "./metric_table.ts";

/** The page of `GET /metrics`. Keeps from scrape to scrape what the rest of the functions add up to. */
export class MetricsPage {
  /** Prometheus text format 0.0.4. */
  static readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #version: string;
  readonly #series = new FunctionSeries();

  constructor(version: string) {
    this.#version = version;
  }

  /** The page's text. */
  render(snapshot: MetricsSnapshot, process: ProcessFigures = processFigures()): Promise<string> {
    const source: MetricSource = {
      snapshot,
      functions: this.#series.update(snapshot.functions),
      process,
      version: this.#version,
    };
    // A registry of its own for each page: two scrapes at once cannot see halves of each other's snapshot.
    const registry = new Registry();
    for (const definition of METRICS) {
      // The registry needs a name and get() only, but its type asks for one of the library's own classes.
      registry.registerMetric(fromDefinition(definition, source) as unknown as Metric);
    }
    return registry.metrics();
  }
}

/** What this process uses now: two system calls. */
function processFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6, memoryBytes: Deno.memoryUsage().rss };
}

function fromDefinition({ name, help, type, take }: MetricDefinition, source: MetricSource) {
  const values = take(source).map(({ labels, value, suffix }) => ({
    labels,
    value,
    metricName: name + (suffix ?? ""),
  }));
  return { name, help, type, get: () => Promise.resolve({ name, help, type, values }) };
}
