/** The report's style sheet: readable in any width, in light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #ffffff; --ink: #1d2530; --soft: #5b6675; --line: #cfd6df; --grey: #7b8794;
  --panel: #f5f7f9; --good: #11703c; --bad: #b3261e; --accent: #2f7de1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181e; --ink: #e4e9ef; --soft: #a2adba; --line: #3a4450; --grey: #99a5b3;
    --panel: #1c222a; --good: #6fd39a; --bad: #ff8a80; --accent: #6ea8ff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 24px 20px 64px; max-width: 1180px;
  background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.3rem; margin: 48px 0 4px; padding-top: 16px; border-top: 1px solid var(--line); }
h3 { font-size: 1.05rem; margin: 28px 0 6px; }
p { margin: 8px 0; max-width: 75ch; }
.soft, figcaption { color: var(--soft); }
.soft { font-size: .93rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 2px 16px; margin: 12px 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: 10px 0; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; min-width: 100%; }
th, td { padding: 5px 12px 5px 0; text-align: right; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; color: var(--soft); vertical-align: bottom; }
th:first-child, td:first-child, td.text, th.text, th.words { text-align: left; }
td:first-child { white-space: nowrap; font-weight: 600; }
td.words { white-space: normal !important; min-width: 18ch; }
.count { white-space: nowrap; }
td.text { white-space: normal; min-width: 16ch; }
td small { color: var(--soft); white-space: nowrap; }
tr.mark { background: var(--panel); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); gap: 20px; margin: 16px 0; }
figure { margin: 0; background: var(--panel); border-radius: 8px; padding: 12px; }
figure svg { display: block; width: 100%; height: auto; font-family: inherit; }
figcaption { font-size: .9rem; margin-bottom: 8px; }
.note { background: var(--panel); border-left: 3px solid var(--accent); padding: 8px 14px; margin: 14px 0; border-radius: 0 6px 6px 0; }
.note p { margin: 2px 0; }
details { margin: 10px 0; }
summary { cursor: pointer; color: var(--soft); }
footer { margin-top: 48px; color: var(--soft); font-size: .9rem; }
@media (max-width: 640px) {
  body { padding: 16px 14px 48px; font-size: 15px; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 6px; }
  figure { padding: 8px 6px; }
}
@media print { body { max-width: none; } .charts { break-inside: avoid; } }
`;
