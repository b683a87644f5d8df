import type { BenchDocument } from "./document.ts";
export function resultsMarkdown(document: BenchDocument): string {
  return document.date;
}
