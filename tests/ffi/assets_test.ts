import assert from "node:assert/strict";
import { bundledUrl, ownFile, packaging, partDescriptor, readAsset } from "../../ffi/assets.ts";

Deno.test("packaging() tells how the program is brought along by where its modules are", () => {
  assert.equal(packaging(), "source");
  assert.equal(packaging("file:///tmp/deno-compile-alps-agent/stage/agent.js"), "compiled");
  assert.equal(packaging("file:///proc/self/fd/4"), "portable");
  assert.equal(packaging("data:application/javascript;base64,AAAA"), "portable");
  assert.equal(ownFile(), undefined);
});

Deno.test("readAsset() reads what was built, and files of the checkout", () => {
  assert.deepEqual([...readAsset("bpf/observe.bpf.o").subarray(0, 4)], [0x7f, 0x45, 0x4c, 0x46]);
  assert.match(new TextDecoder().decode(readAsset("deploy/alps-agent.service")), /^\[Service\]$/m);
});

Deno.test("bundledUrl() is the source's module, or the bundled one beside the program", () => {
  const from = (moduleUrl: string) => String(bundledUrl("learn_worker.js", "./worker.ts", moduleUrl));
  assert.equal(from("file:///checkout/learn/client.ts"), "file:///checkout/learn/worker.ts");
  assert.equal(
    from("file:///tmp/deno-compile-x/stage/agent.js"),
    "file:///tmp/deno-compile-x/stage/learn_worker.js",
  );
});

Deno.test("partDescriptor() finds a part by its whole name", () => {
  const parts = "deno=3,agent.js=4,observe.bpf.o=11";
  assert.equal(partDescriptor(parts, "observe.bpf.o"), 11);
  assert.throws(() => partDescriptor(parts, "bpf.o"), /cannot find bpf\.o among the parts/);
});
