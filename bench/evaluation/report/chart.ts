/**
 * Charts as SVG, drawn without a browser. Colours that are no data are CSS variables, so that one drawing serves light and dark
 * pages.
 */
import { BarChart, CustomChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent, MarkLineComponent } from "echarts/components";
import * as echarts from "echarts/core";
import { SVGRenderer } from "echarts/renderers";

/** Small enough to be read where it fills a telephone's width, large enough for two beside each other. */
export const WIDTH = 520;

/** The text of all charts. */
const TEXT = { color: "var(--ink)", fontFamily: "inherit", fontSize: 12 };

/** An option of echarts: its own type is of all of its parts, of which few are loaded here. */
export type ChartOption = Parameters<echarts.ECharts["setOption"]>[0];

/** Draws. @param label what the chart shows, for who cannot see it */
export function draw(option: ChartOption, height: number, label: string): string {
  echarts.use([
    BarChart,
    CustomChart,
    LineChart,
    GridComponent,
    LegendComponent,
    MarkLineComponent,
    SVGRenderer,
  ]);
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption({ animation: false, backgroundColor: "transparent", textStyle: TEXT, ...option });
    const svg = chart.renderToSVGString({ useViewBox: true });
    return svg.replace(/^<svg /, `<svg role="img" aria-label="${label.replaceAll(/[&<>"]/g, " ")}" `);
  } finally {
    chart.dispose();
  }
}

/** An axis in the page's colours. */
export function axis(name: string, extra: object = {}): object {
  return {
    name,
    nameLocation: "middle",
    nameGap: 30,
    nameTextStyle: TEXT,
    axisLabel: { color: "var(--ink)", fontSize: 11, hideOverlap: true },
    axisLine: { show: true, lineStyle: { color: "var(--line)" } },
    axisTick: { lineStyle: { color: "var(--line)" } },
    splitLine: { lineStyle: { color: "var(--line)", opacity: 0.5 } },
    ...extra,
  };
}

/** A legend above the chart, over as many lines as it takes. */
export function legend(names: readonly string[]): object {
  return {
    data: [...names],
    top: 0,
    left: 8,
    right: 8,
    itemWidth: 16,
    itemHeight: 8,
    itemGap: 12,
    textStyle: { ...TEXT, fontSize: 11 },
  };
}

/** Lines that a legend takes, about. */
export function legendHeight(names: readonly string[]): number {
  const perLine = WIDTH - 24;
  const width = names.reduce((sum, name) => sum + 34 + 6.3 * name.length, 0);
  return 8 + 18 * Math.max(1, Math.ceil(width / perLine));
}
