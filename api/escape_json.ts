/**
 * Answers are read in terminals, too (`curl`), and the names in them are foreign.
 */
import type { MiddlewareHandler } from "hono";
import { escaped } from "../observe/names.ts";

/**
 * Escapes in JSON what `JSON.stringify` leaves as it is although a terminal may act on it: characters from U+007F to
 * U+009F, marks that reverse the direction of text, line and paragraph separators. What a program reads is the same.
 */
export const escapeJson: MiddlewareHandler = async (c, next) => {
  await next();
  if (!/^application\/([a-z]+\+)?json/.test(c.res.headers.get("content-type") ?? "")) return;
  if (c.res.body === null) return;
  const answer = c.res;
  // Setting an answer over another one would append the headers of the first to it.
  c.res = undefined;
  c.res = new Response(escaped(await answer.text()), answer);
};
