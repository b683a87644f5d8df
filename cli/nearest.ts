/** The word of `words` that `text` probably was meant to be: at most 2 edits away, or 1 where it is short. */
export function nearest(text: string, words: readonly string[]): string | undefined {
  // Dashes say nothing about what was meant, and a long text costs time and is no typing mistake.
  const bare = text.replace(/^-+/, "");
  if (bare.length > 40) return undefined;
  const most = bare.length > 4 ? 2 : 1;
  let best: string | undefined;
  let least = most + 1;
  for (const word of words) {
    const edits = editDistance(bare, word.replace(/^-+/, ""));
    if (edits < least) [best, least] = [word, edits];
  }
  return best;
}

/** How many single characters must be put in, taken out or replaced to make one text the other. */
function editDistance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      const replaced = row[j - 1]! + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[other.length]!;
}
