/**
 * The token that lets clients write over TCP.
 */

/** Shortest token accepted, in characters. */
export const MIN_TOKEN_LENGTH = 16;

/** Largest token file accepted, in bytes: more is some other file, or a device without an end. */
const MAX_TOKEN_FILE_BYTES = 4096;

/** A token file that cannot be used: one line, made to be shown. */
export class TokenFileError extends Error {
  override name = "TokenFileError";
}

/** What {@link readTokenFile} found. */
export interface TokenFile {
  token: string;
  /** Where others can read the file: a line for the log. */
  warning?: string;
}

/**
 * Reads the token of `--token-file`: the file's text without white space around it, at least 16 visible ASCII characters
 * (what an `Authorization` header can carry).
 *
 * @throws {TokenFileError} naming the file and what is wrong with it. The token itself is in no message.
 */
export async function readTokenFile(path: string): Promise<TokenFile> {
  const fail = (why: string) => new TokenFileError(`cannot use token file ${JSON.stringify(path)}: ${why}`);
  let text: string;
  let mode: number | null;
  try {
    using file = await Deno.open(path);
    const info = await file.stat();
    if (info.isDirectory) throw fail("it is a directory");
    mode = info.mode;
    text = await readAtMost(file, MAX_TOKEN_FILE_BYTES);
  } catch (error) {
    if (error instanceof TokenFileError) throw error;
    if (error instanceof Deno.errors.NotFound) throw fail("there is no such file");
    if (error instanceof Deno.errors.PermissionDenied) throw fail("no permission to read it");
    throw fail(error instanceof Error ? error.message : String(error));
  }
  if (text.length > MAX_TOKEN_FILE_BYTES) throw fail(`it is larger than ${MAX_TOKEN_FILE_BYTES} bytes`);
  const token = text.trim();
  if (token.length < MIN_TOKEN_LENGTH) {
    throw fail(`the token has ${token.length} characters: must have at least ${MIN_TOKEN_LENGTH}`);
  }
  if (!/^[\x21-\x7e]+$/.test(token)) throw fail("the token must be one word of visible ASCII characters");
  if (mode === null || (mode & 0o004) === 0) return { token };
  return {
    token,
    warning: `token file ${JSON.stringify(path)} is readable by everybody on this machine: chmod 600 it`,
  };
}

/** Up to `limit` + 1 bytes of a file, so that the caller sees that there is more. */
async function readAtMost(file: Deno.FsFile, limit: number): Promise<string> {
  const bytes = new Uint8Array(limit + 1);
  let length = 0;
  while (length < bytes.length) {
    const read = await file.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return new TextDecoder("latin1").decode(bytes.subarray(0, length));
}
