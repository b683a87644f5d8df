import assert from "node:assert/strict";
import { readTokenFile, TokenFileError } from "../../api/token_file.ts";

/** A token file of this content and mode, for the time of one test. */
async function withFile(content: string | Uint8Array, mode: number, body: (path: string) => Promise<void>) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await Deno.chmod(path, mode);
    await body(path);
  } finally {
    await Deno.remove(path);
  }
}

async function refusal(path: string): Promise<string> {
  try {
    await readTokenFile(path);
  } catch (error) {
    assert.ok(error instanceof TokenFileError, String(error));
    assert.ok(error.message.startsWith(`cannot use token file ${JSON.stringify(path)}: `), error.message);
    assert.ok(!error.message.includes("\n"));
    return error.message;
  }
  throw new Error(`${path} was taken`);
}

Deno.test("readTokenFile() takes the text without white space around it", async () => {
  await withFile("\n  0123456789abcdef \r\n", 0o600, async (path) => {
    assert.deepEqual(await readTokenFile(path), { token: "0123456789abcdef" });
  });
});

Deno.test("readTokenFile() refuses a short token without showing it", async () => {
  for (const text of ["", "  \n", "0123456789abcde"]) {
    await withFile(text, 0o600, async (path) => {
      const message = await refusal(path);
      assert.match(message, new RegExp(`has ${text.trim().length} characters: must have at least 16`));
      assert.ok(!message.includes("abcde"));
    });
  }
});

Deno.test("readTokenFile() refuses what no header can carry", async () => {
  for (const text of ["0123456789 abcdef", "0123456789\nabcdef", "0123456789abcdefü", "0123456789abcdef\0"]) {
    await withFile(
      text,
      0o600,
      async (path) => assert.match(await refusal(path), /one word of visible ASCII/),
    );
  }
});

Deno.test("readTokenFile() refuses what is no token file", async () => {
  assert.match(await refusal("/nonexistent/token"), /no such file/);
  assert.match(await refusal("/tmp"), /directory/);
  assert.match(await refusal("/dev/zero"), /larger than 4096 bytes/);
  await withFile(
    "x".repeat(4097),
    0o600,
    async (path) => assert.match(await refusal(path), /larger than 4096 bytes/),
  );
});

Deno.test("readTokenFile() warns where everybody can read the file", async () => {
  await withFile("0123456789abcdef", 0o644, async (path) => {
    const { token, warning } = await readTokenFile(path);
    assert.equal(token, "0123456789abcdef");
    assert.ok(warning?.includes(path) && warning.includes("chmod 600"));
  });
  for (const mode of [0o600, 0o640]) {
    await withFile("0123456789abcdef", mode, async (path) => {
      assert.equal((await readTokenFile(path)).warning, undefined);
    });
  }
});
