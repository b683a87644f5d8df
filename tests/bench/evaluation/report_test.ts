import assert from "node:assert/strict";
import { reportHtml } from "../../../bench/evaluation/report/html.ts";
import { resultsMarkdown } from "../../../bench/evaluation/report/markdown.ts";
import { fakeDocument } from "./fake_document.ts";

const rounds = (...factors: number[]) => factors.map((factor) => ({ factor }));

Deno.test("reportHtml() is one page that needs nothing from anywhere", async () => {
  const page = reportHtml(
    await fakeDocument({ default: rounds(5, 5), sfs: rounds(4, 4), "alps:avg": rounds(2, 2) }),
    undefined,
  );
  assert.match(page, /^<!DOCTYPE html>/);
  // Namespaces of SVG are names, nothing is fetched by them.
  const addresses = page.replaceAll(/xmlns(:\w+)?="[^"]*"/g, "").match(/(https?:)?\/\/[^\s"')]+/g) ?? [];
  assert.deepEqual(addresses, []);
  assert.doesNotMatch(page, /<script|<link|src=|@import|url\((?!#)/);
  assert.equal(page.match(/<svg /g)!.length, 5);
  assert.match(page, /prefers-color-scheme: dark/);
  // Whatever is no data takes the page's colours.
  assert.match(page, /fill="var\(--ink\)"/);
});

Deno.test("reportHtml() shows foreign names as text", async () => {
  const hostile = ["<script>alert(1)</script>", "a\u001b[2Jb", '"><img src=x>'];
  const page = reportHtml(
    await fakeDocument({ default: rounds(5, 5), "alps:avg": rounds(2, 2) }, { names: hostile }),
    undefined,
  );
  assert.doesNotMatch(page, /<script|<img/);
  assert.ok(!page.includes("\u001b"));
  assert.match(page, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
});

Deno.test("reportHtml() shows what has changed since another evaluation", async () => {
  const before = await fakeDocument({ default: rounds(5, 5, 5), "alps:avg": rounds(4, 4.1, 4) });
  const after = await fakeDocument({ default: rounds(5, 5, 5), "alps:avg": rounds(2, 2.1, 2) });
  const page = reportHtml(after, before);
  assert.match(page, /<h2>Since /);
  assert.match(page, /<span class="good">0\.50 \(0\.49 to 0\.5\d\)<\/span>/);
});

Deno.test("resultsMarkdown() says how it was made, and what was not reached", async () => {
  const document = await fakeDocument({ default: rounds(5, 5), sfs: rounds(4, 4), "alps:avg": rounds(4, 4) });
  const page = resultsMarkdown({ ...document, command: "deno task bench --full" });
  assert.match(page, /^# Results\n\nWritten by `deno task bench --full` on \d{4}-/);
  assert.match(page, /^\| alps:avg \| 0\.25 /m);
  assert.match(page, /gap closed at least 0\.85: 0\.25 .*\*\*not reached\*\*/);
});

Deno.test("resultsMarkdown() cuts no sentence of its own", async () => {
  const document = await fakeDocument({ default: rounds(5, 5), "alps:avg": rounds(4, 4) });
  const page = resultsMarkdown({
    ...document,
    command: `deno task bench --full ${"--ml avg ".repeat(20)}--rounds 3`,
  });
  assert.match(page, /--rounds 3` on/);
  assert.match(page, /gap closed .* if functions' distributions were, /);
});
