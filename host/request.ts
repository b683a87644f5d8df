/**
 * Requests to run a function, checked: what a client sends is hostile until it has passed here.
 */
import { z } from "zod";
import { type FieldError, show } from "../api/problem.ts";

/** A checked request. */
export interface RunRequest {
  readonly function: string;
  readonly id: number;
  readonly job: string;
  readonly n: number;
}

/** A request that says something wrong. */
export class RequestError extends Error {
  override name = "RequestError";
  constructor(readonly errors: FieldError[]) {
    super(errors.map(({ field, message }) => `${field || "body"}: ${message}`).join("; "));
  }
}

/** Longest function name, in bytes of UTF-8. */
const NAME_MOST = 255;

const WholeNumber = z
  .union([z.number(), z.string().regex(/^\d{1,16}$/).transform(Number)], { error: notWhole })
  .refine((value) => Number.isSafeInteger(value) && value >= 0, { error: notWhole });

const Body = z.object(
  {
    n: WholeNumber,
    id: WholeNumber,
    job: z.string({ error: ({ input }) => `must be a job's name, not ${show(input)}` }).optional(),
  },
  { error: ({ input }) => `must be a JSON object with n and id, not ${show(input)}` },
);

/**
 * Checks a request.
 *
 * @param encodedName the path after `/run/`, as it was sent
 * @param body the body's text
 * @throws {RequestError} naming every wrong field
 */
export function parseRunRequest(encodedName: string, body: string): RunRequest {
  const name = parseName(encodedName);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new RequestError([{ field: "", message: `must be JSON, not ${show(body)}` }]);
  }
  const parsed = Body.safeParse(value);
  if (!parsed.success) {
    throw new RequestError(
      parsed.error.issues.map((issue) => ({ field: issue.path.join("."), message: issue.message })),
    );
  }
  const { n, id, job } = parsed.data;
  return { function: name, id, job: job ?? name.slice(name.lastIndexOf("/") + 1), n };
}

function notWhole({ input }: { input?: unknown }): string {
  return `must be a whole number, 0 or more, as a number or a decimal string, not ${show(input)}`;
}

/** A function's name: percent-decoded, at most 255 bytes, without the NUL that no process name can hold. */
function parseName(encoded: string): string {
  const wrong = (message: string): RequestError => new RequestError([{ field: "function", message }]);
  let name: string;
  try {
    name = decodeURIComponent(encoded);
  } catch {
    throw wrong(`must be percent-encoded UTF-8, not ${show(encoded)}`);
  }
  if (name === "") throw wrong("must not be empty; wanted POST /run/NAME");
  if (name.includes("\0")) throw wrong(`must not have a NUL in it, as ${show(name)} has`);
  const size = new TextEncoder().encode(name).length;
  if (size > NAME_MOST) throw wrong(`must be at most ${NAME_MOST} bytes long, not ${size}`);
  return name;
}
