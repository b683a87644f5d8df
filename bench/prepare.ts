/** What to send over the socket of a host's `--direct`: the host says it, request by request, before any is due. */

import type { Prepared } from "../host/app.ts";
import { FailedError } from "../cli/errors.ts";
import { shown } from "../observe/names.ts";
import type { PlannedLine, PlannedRequest } from "./sender.ts";

/**
 * The lines of requests. The host is asked once for those that are alike.
 *
 * @throws FailedError where the host cannot be reached, or refuses a request
 */
export async function prepared(
  plan: readonly PlannedRequest[],
  target: URL,
  signal?: AbortSignal,
): Promise<PlannedLine[]> {
  const known = new Map<string, Prepared>();
  const lines: PlannedLine[] = [];
  for (const { dueMs, path, json } of plan) {
    // A request's id is told to nobody but who sends it.
    const body = JSON.stringify({ ...JSON.parse(json), id: 0 }), key = `${path} ${body}`;
    let line = known.get(key);
    if (!line) {
      known.set(key, line = await prepare(prepareUrl(path, target), body, signal));
    }
    lines.push({ dueMs, ...line });
  }
  return lines;
}

function prepareUrl(path: string, target: URL): URL {
  const at = path.lastIndexOf("/run/");
  return new URL(`${path.slice(0, at)}/prepare/${path.slice(at + "/run/".length)}`, target);
}

async function prepare(url: URL, body: string, signal: AbortSignal | undefined): Promise<Prepared> {
  const answer = await fetch(url, { method: "POST", body, signal: signal ?? null });
  const document = await answer.json();
  if (answer.ok) return document;
  throw new FailedError(
    `cannot prepare ${shown(url.pathname)}: ${shown(String(document.detail ?? answer.status))}`,
  );
}
