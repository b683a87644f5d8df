/** Small parts of the page. */
import { html } from "hono/html";
import { shown } from "../../../observe/names.ts";
import type { Ratio } from "../statistics.ts";

/** What a template takes: text is escaped, parts made by `html` are not. */
export type Part = ReturnType<typeof html> | string;

/** A name for a page: on one line, without what could act on who reads it. `html` escapes it. */
export function name(text: string): string {
  return shown(text);
}

/** A row of a table. */
export interface Row {
  readonly cells: readonly Part[];
  readonly marked?: boolean;
}

/**
 * A table that scrolls by itself where it is wider than the page.
 *
 * @param textColumns columns, from 0, whose cells are text rather than figures
 */
export function table(
  heads: readonly string[],
  rows: readonly Row[],
  textColumns: readonly number[] = [],
): Part {
  const kind = (column: number) => !textColumns.includes(column) ? "" : column === 0 ? "words" : "text";
  return html`
    <div class="scroll">
      <table>
        <thead>
          <tr>${heads.map((head, column) => html`<th class="${kind(column)}">${head}</th>`)}</tr>
        </thead>
        <tbody>${rows.map(({ cells, marked }) =>
          html`
            <tr class="${marked ? "mark" : ""}">${cells.map((cell, column) =>
              html`
                <td class="${kind(column)}" ${spanOf(column, cells, heads)}>${cell}</td>
              `
            )}</tr>
          `
        )}</tbody>
      </table>
    </div>
  `;
}

/** The last cell of a row that is shorter than the table takes what is left. */
function spanOf(column: number, cells: readonly Part[], heads: readonly string[]): Part {
  const missing = heads.length - cells.length;
  return column === cells.length - 1 && missing > 0
    ? html`
      colspan="${missing + 1}"
    `
    : "";
}

/** A ratio with its interval below it, in the colour of what it says. Less is better. */
export function ratioPart(ratio: Ratio | undefined): Part {
  if (ratio === undefined) return "";
  const { median, low, high, verdict } = ratio;
  const interval = verdict === "one round"
    ? ""
    : html`<br><small>${low.toFixed(2)} to ${high.toFixed(2)}</small>`;
  if (verdict === "no difference") return html`no difference${interval}`;
  const colour = verdict === "better" ? "good" : verdict === "worse" ? "bad" : "";
  return html`<span class="${colour}">${median.toFixed(2)}</span>${interval}`;
}
