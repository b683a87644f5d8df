/** Which instance is meant by what a platform tells. */

import assert from "node:assert/strict";
import { RequestError } from "../../api/agent_view.ts";
import { Boundaries, type BoundaryParts } from "../../core/boundaries.ts";
import { ALPS_LIMITS, ALPS_SLOT, ALPS_SLOT_STATE } from "../../ffi/layout.ts";
import { Discovery } from "../../observe/discover/discovery.ts";
import { KubernetesSource } from "../../observe/discover/kubernetes.ts";
import { FunctionTable } from "../../observe/functions.ts";

const POD = "0f8a2d6e-3b1c-4a5d-9e7f-112233445566";

Deno.test("Boundaries.tell() takes a container by its whole id, and refuses what several containers are called", () => {
  const slots = new DataView(new ArrayBuffer(ALPS_LIMITS.ALPS_SLOTS * ALPS_SLOT.size));
  const instance = (pid: number, baseNs: number) => {
    const at = (pid % ALPS_LIMITS.ALPS_SLOTS) * ALPS_SLOT.size;
    slots.setUint32(at + ALPS_SLOT.pid, pid, true);
    slots.setUint32(at + ALPS_SLOT.state, ALPS_SLOT_STATE.ALPS_SLOT_BUSY, true);
    slots.setUint32(at + ALPS_SLOT.generation, 1, true);
    slots.setUint32(at + ALPS_SLOT.function_id, 1, true);
    slots.setBigUint64(at + ALPS_SLOT.base_ns, BigInt(baseNs), true);
  };
  instance(10, 5000);
  instance(11, 4000); // the container's first process
  instance(20, 3000);
  const functions = new FunctionTable(() => {});
  functions.named("fib", "r1");
  using discovery = new Discovery(
    [new KubernetesSource({ byId: () => undefined }, undefined)],
    () => undefined,
  );
  const cgroup = (id: string) => `/kubepods/pod${POD}/${id}`;
  const processes = { [cgroup("ab")]: [10, 11], [cgroup("cd")]: [20], [cgroup("x-ab")]: [20] };
  for (const [path, [pid]] of Object.entries(processes)) discovery.find({ pid: pid!, cgroups: [path] });
  const map = () => ({ buffer: slots.buffer, [Symbol.dispose]() {} });
  const parts = {
    observer: { libc: { map }, fds: { slotsFd: 0 }, tell: () => true },
    functions,
    classifier: {
      discovery,
      cgroups: { processesIn: (path: string) => processes[path] ?? [], idOf: () => undefined },
    },
  } as unknown as BoundaryParts;
  using boundaries = new Boundaries(parts);
  const tell = (container: string) => {
    try {
      return boundaries.tell({ event: "start", container }).pid;
    } catch (error) {
      assert.ok(error instanceof RequestError);
      return `${error.status} ${error.message}`;
    }
  };
  assert.equal(tell("ab"), 11, "what was executed in it later is not the one that serves");
  assert.equal(tell("cd"), 20);
  assert.match(String(tell("b")), /^404 /);
  assert.match(String(tell(POD)), /^409 .*several instances.* 11, 20/);
});
