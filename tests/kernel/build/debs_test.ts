import assert from "node:assert/strict";
import { join } from "node:path";
import { changesTo } from "../../../kernel/build/debs.ts";

Deno.test("changesTo() gives the kernel a name of its own and leaves out keys that are not there", async () => {
  const source = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(join(source, "there.pem"), "");
    const config = (name: string) =>
      `CONFIG_X=y\nCONFIG_SYSTEM_TRUSTED_KEYS="${name}"\nCONFIG_MODULE_SIG_KEY="certs/signing_key.pem"\n`;
    const named = 'CONFIG_LOCALVERSION="-alps"\n';
    assert.equal(changesTo("CONFIG_X=y\n", source), named);
    assert.equal(changesTo(config("there.pem"), source), named);
    assert.equal(changesTo(config(""), source), named);
    assert.equal(
      changesTo(config("debian/certs/debian-uefi-certs.pem"), source),
      `${named}CONFIG_SYSTEM_TRUSTED_KEYS=""\n`,
    );
  } finally {
    await Deno.remove(source, { recursive: true });
  }
});
