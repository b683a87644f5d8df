/**
 * Text for terminals.
 */

/** Text beside a label is never made narrower, however narrow the terminal. */
const TEXT_LEAST = 24;

/** Wide enough for all that is printed, where nobody's window limits it. */
const COLUMNS_ELSEWHERE = 120;

/** Columns of the terminal that a stream goes to, or a fixed number where it goes elsewhere. */
export function terminalColumns(stream: { isTerminal(): boolean }): number {
  return stream.isTerminal() ? Deno.consoleSize().columns : COLUMNS_ELSEWHERE;
}

/** Breaks text into lines of at most so many characters, between words. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > columns) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}

/** Labels in a column, each with its text beside it. */
export function labelled(
  rows: readonly (readonly [label: string, text: string])[],
  columns: number,
): string[] {
  const width = Math.max(0, ...rows.map(([label]) => label.length)) + 2;
  return rows.flatMap(([label, text]) =>
    wrap(text, Math.max(columns - width, TEXT_LEAST))
      .map((line, index) => (index === 0 ? label : "").padEnd(width) + line)
  );
}

/** A time to wait, roughly: `35 s`, `12 minutes`, `1.5 hours`. */
export function roughDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(Math.round(seconds / 5) * 5, 5)} s`;
  const minutes = seconds / 60;
  return minutes < 90 ? `${Math.ceil(minutes)} minutes` : `${(minutes / 60).toFixed(1)} hours`;
}
