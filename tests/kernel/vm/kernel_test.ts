import assert from "node:assert/strict";
import { imagePackage } from "../../../kernel/vm/kernel_package.ts";
import { loadOrder, moduleName, moduleNeeds } from "../../../kernel/vm/modules.ts";
import { SetupError } from "../../../scripts/command.ts";

Deno.test("imagePackage() takes the newest kernel of the series from the meta package's records", () => {
  const records = (name: string) =>
    `Package: linux-image-amd64\nDepends: ${name} (= 6.1.192-2)\n\n` +
    "Package: linux-image-amd64\nDepends: linux-image-6.1.0-47-amd64 (= 6.1.170-1)\n";
  assert.equal(imagePackage(records("linux-image-6.1.0-50-amd64"), "6.1"), "linux-image-6.1.0-50-amd64");
  assert.equal(
    imagePackage(records("foo, linux-image-6.12.107+deb13-amd64"), "6.12"),
    "linux-image-6.12.107+deb13-amd64",
  );
  assert.equal(imagePackage(records("linux-image-6.12.107+deb13-amd64"), "6.1"), undefined, "another series");
  assert.equal(imagePackage("", "6.1"), undefined);
});

Deno.test("moduleName() is the kernel's name of a module's file", () => {
  assert.equal(moduleName("kernel/drivers/virtio/virtio-pci.ko.xz"), "virtio_pci");
  assert.equal(moduleName("kernel/net/9p/9pnet.ko"), "9pnet");
});

Deno.test("moduleNeeds() reads what a module says it needs", () => {
  const module = (info: string) => new TextEncoder().encode(`\x7fELF\0license=GPL\0${info}\0name=x\0`);
  assert.deepEqual(moduleNeeds(module("depends=virtio-ring,9pnet")), ["virtio_ring", "9pnet"]);
  assert.deepEqual(moduleNeeds(module("depends=")), []);
  assert.deepEqual(moduleNeeds(module("softdep=pre: x")), []);
});

Deno.test("loadOrder() loads each module once, after what it needs, and nothing that is built in", async () => {
  const needs: Record<string, string[]> = { a: ["b", "c"], b: ["d"], c: ["d", "built"], d: [], e: ["a"] };
  const of = (name: string) => Promise.resolve(needs[name]);
  assert.deepEqual(await loadOrder(["e", "c"], of, new Set(["built"])), ["d", "b", "c", "a", "e"]);
  await assert.rejects(loadOrder(["a"], of, new Set()), (error) => {
    assert.ok(error instanceof SetupError);
    assert.match(error.message, /no module built/);
    return true;
  });
});
