import assert from "node:assert/strict";
import { findMissing, type Need, NEEDS, planInstall } from "../../scripts/packages.ts";

const CLANG: Need = { what: "clang", package: "clang", isThere: () => false };
const ELF: Need = {
  what: "libelf.h (C header)",
  package: "libelf-dev",
  isThere: () => Promise.resolve(false),
};
const MAKE: Need = { what: "make", package: "make", isThere: () => true };

Deno.test("findMissing() names what is not there, in order", async () => {
  assert.deepEqual(await findMissing([CLANG, MAKE, ELF]), [CLANG, ELF]);
});

Deno.test("findMissing() finds nothing missing on a machine that has built this", async () => {
  assert.deepEqual((await findMissing(NEEDS)).map((need) => need.what), []);
});

Deno.test("planInstall() does nothing where nothing is missing", () => {
  assert.deepEqual(planInstall([], { hasApt: false, isRoot: false }), { kind: "nothing" });
});

Deno.test("planInstall() installs each package once as root", () => {
  const plan = planInstall([CLANG, ELF, CLANG], { hasApt: true, isRoot: true });
  assert.deepEqual(plan, { kind: "install", packages: ["clang", "libelf-dev"] });
});

Deno.test("planInstall() gives the whole command to somebody who is not root", () => {
  const plan = planInstall([CLANG, ELF], { hasApt: true, isRoot: false });
  assert.equal(plan.kind, "tell");
  assert.match(plan.kind === "tell" ? plan.message : "", /sudo .*apt-get install -y .*clang libelf-dev$/);
});

Deno.test("planInstall() names what is needed on a machine without apt-get", () => {
  const plan = planInstall([CLANG, ELF], { hasApt: false, isRoot: true });
  assert.equal(plan.kind, "tell");
  const message = plan.kind === "tell" ? plan.message : "";
  assert.match(message, /clang, libelf\.h/);
  assert.doesNotMatch(message, /sudo/);
});
