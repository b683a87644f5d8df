/** The colours of policies: the same in every chart, and to be told apart on light and on dark ground. */

/** Of the kernel's default and of the bound; drawn in greys, because everything is compared with them. */
const FIXED: Readonly<Record<string, string>> = {
  default: "var(--grey)",
  oracle: "var(--ink)",
  nice: "#c98500",
  rr: "#d0587e",
  sfs: "#8a5fbf",
  hybrid: "#2f9e78",
};

/** The first is for the first ALPS that is drawn, and stands out. */
const LEARNED = ["#2f7de1", "#e0533c", "#12a5b8", "#7a9a01", "#b05bd6", "#e08b1f", "#4b6cb7", "#cf4f9b"];

/** A colour for each policy, by its place among the policies. */
export function coloursOf(policies: readonly string[]): ReadonlyMap<string, string> {
  let learned = 0;
  return new Map(policies.map((name) => [name, FIXED[name] ?? LEARNED[learned++ % LEARNED.length]!]));
}

/** Colours for lines that are no policies, such as functions. */
export function colourAt(index: number): string {
  const colours = [...LEARNED, "#c98500", "#2f9e78", "#8a5fbf", "#d0587e"];
  return colours[index % colours.length]!;
}
