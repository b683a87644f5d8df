import assert from "node:assert/strict";
import { isCgroup } from "../../../observe/discover/bundles.ts";
import { containersOf } from "../../../observe/discover/container_path.ts";

const ID = "e501cc0ca051a088f833fdc88dbaab3d99d25acbcdda94403bf2c52e9ac147d8";
const OTHER = "f".repeat(64);
const UID = "0f8a2d6e-3b1c-4a5d-9e7f-112233445566", UNDERSCORED = UID.replaceAll("-", "_");

Deno.test("containersOf() reads the paths of Docker, the kubelet's two drivers, and what is inside of containers", () => {
  const one = (path: string, id: string, podUid?: string, cgroup = path) =>
    assert.deepEqual(containersOf(path), [{ cgroup, id, podUid }], path);
  one(`/docker/${ID}`, ID);
  one(`/docker/${ID}/init.scope`, ID, undefined, `/docker/${ID}`);
  one("/docker/short-1", "short-1");
  one(`/system.slice/docker-${ID}.scope`, ID);
  one(`/kubepods/pod${UID}/${ID}`, ID, UID);
  one(`/kubepods/burstable/pod${UID}/${ID}`, ID, UID);
  one(`/kubepods/besteffort/pod${UID}/not-64-hex`, "not-64-hex", UID);
  for (const prefix of ["docker", "crio", "cri-containerd"]) {
    const slice = `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${UNDERSCORED}.slice`;
    one(`${slice}/${prefix}-${ID}.scope`, ID, UID);
  }
  one(`/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`, ID, UID);
  // A static pod's folder is called by a hash; an agent in a cgroup namespace of its own sees relative paths.
  one(`/kubepods/burstable/pod${"0".repeat(32)}/${ID}`, ID, "0".repeat(32));
  one(`/../../burstable/pod${UID}/${ID}`, ID, UID);
  one(`/podruntime/${ID}`, ID);
});

Deno.test("containersOf() gives containers in containers from the innermost outwards", () => {
  const path = `/docker/${ID}/kubelet/kubepods/burstable/pod${UID}/${OTHER}/app`;
  assert.deepEqual(containersOf(path).map(({ id, podUid }) => [id, podUid]), [[OTHER, UID], [ID, undefined]]);
});

Deno.test("containersOf() takes nothing else for a container", () => {
  const paths = [
    ...["", "/", "/docker", "/docker/", "/docker/buildkit", "/user.slice/user-0.slice/session-3.scope"],
    ...[
      "/system.slice/ssh.service",
      "/system.slice/run-r12.scope",
      "/kubepods",
      `/kubepods/pod${UID}`,
      "/..",
    ],
    ...["/openfaas-fn/fib", `/${ID.slice(1)}`, `/crio-conmon-${ID}.scope`, "/pod../x", "/podcast/x"],
  ];
  for (const path of paths) assert.deepEqual(containersOf(path), [], path);
});

Deno.test("isCgroup() tells the cgroup that a runtime was told to make from one that is called alike", () => {
  assert.ok(isCgroup("/openfaas-fn/fib", "/openfaas-fn/fib"));
  assert.ok(isCgroup("openfaas-fn/fib", "/openfaas-fn/fib"));
  assert.ok(isCgroup(`system.slice:docker:${ID}`, `/system.slice/docker-${ID}.scope`));
  assert.ok(isCgroup(`/kubepods/pod${UID}/${ID}`, `/../../pod${UID}/${ID}`), "seen from another namespace");
  assert.ok(!isCgroup("/openfaas-fn/fib", "/user.slice/user-1000.slice/openfaas-fn/fib"));
  assert.ok(!isCgroup(`system.slice:docker:${ID}`, `/user.slice/docker-${ID}.scope`));
  assert.ok(!isCgroup("/", "/"));
});
