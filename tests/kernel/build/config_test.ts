import assert from "node:assert/strict";
import { VARIANTS, wantedOptions } from "../../../kernel/build/built_kernel.ts";
import { configOptions, notTaken } from "../../../kernel/build/config.ts";
import { newestSource } from "../../../kernel/build/source_package.ts";

Deno.test("notTaken() names what a configuration does not have of a fragment", () => {
  const fragment =
    "# a comment\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_N=64\n# CONFIG_C is not set\n# CONFIG_D is not set\n";
  const config = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_N=64\nCONFIG_C=y\n";
  assert.deepEqual(notTaken(fragment, config), ["CONFIG_B=y", "CONFIG_C=n"]);
  assert.deepEqual(notTaken(fragment, fragment), []);
});

Deno.test("the fragments name no option twice", () => {
  for (const variant of VARIANTS) {
    const text = wantedOptions(variant);
    const lines = text.split("\n").filter((line) => /^(# )?CONFIG_/.test(line));
    assert.equal(configOptions(text).size, lines.length, variant.name);
  }
});

Deno.test("newestSource() takes the newest kernel's source from the meta package's records", () => {
  assert.equal(newestSource("Package: linux-source\nDepends: linux-source-6.17\n"), "linux-source-6.17");
  assert.equal(
    newestSource("Package: linux-source\nDepends: linux-source-6.16 (= 6.16.9-1)\n\nPackage: x\n"),
    "linux-source-6.16",
  );
  assert.equal(newestSource(""), undefined);
});
