/** Times as the agent writes them. */

/** Microseconds matter, which `Date.parse` cuts off: RFC 3339 to milliseconds since 1970; NaN where it is no time. */
export function parseRfc3339Ms(text: string): number {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (parts === null) return NaN;
  return Date.parse(parts[1]! + parts[3]!) + Number(`0.${parts[2] ?? "0"}`) * 1000;
}
