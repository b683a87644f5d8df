import type { BenchDocument } from "./document.ts";
import { documentText } from "./table.ts";
export function reportHtml(document: BenchDocument, _before: BenchDocument | undefined): string {
  return `<pre>${documentText(document, 110)}</pre>`;
}
