/** deploy/kubernetes against the schemas that Kubernetes publishes (its OpenAPI documents, as the package compiles them). */

import assert from "node:assert/strict";
import { parse as parseJsonc } from "jsonc-parser";
import { DaemonSet } from "kubernetes-models/apps/v1";
import { ClusterRole, ClusterRoleBinding } from "kubernetes-models/rbac.authorization.k8s.io/v1";
import { ConfigMap, Namespace, ServiceAccount } from "kubernetes-models/v1";
import { parseAllDocuments } from "yaml";
import { resolveRunOptions } from "../../cli/options.ts";
import { STATE_FOLDERS } from "../../observe/discover/bundles.ts";

const FOLDER = new URL("../../deploy/kubernetes/", import.meta.url).pathname;

const MODELS = { DaemonSet, ClusterRole, ClusterRoleBinding, ConfigMap, Namespace, ServiceAccount };

/** All objects of all files. */
// deno-lint-ignore no-explicit-any
function objects(): any[] {
  return [...Deno.readDirSync(FOLDER)].filter(({ name }) => name.endsWith(".yaml")).flatMap(({ name }) =>
    parseAllDocuments(Deno.readTextFileSync(FOLDER + name)).map((document) => {
      assert.deepEqual(document.errors, [], name);
      return document.toJS();
    })
  );
}

const one = (kind: string) => objects().find((object) => object.kind === kind);

Deno.test("deploy/kubernetes: each object fits the schema of its kind", () => {
  const found = objects();
  assert.deepEqual(found.map(({ kind }) => kind).sort(), Object.keys(MODELS).sort());
  for (const object of found) new MODELS[object.kind as keyof typeof MODELS](object).validate();
  // The schemas do refuse something.
  const broken = one("DaemonSet");
  broken.spec.template.spec.hostPID = "yes";
  assert.throws(() => new DaemonSet(broken).validate(), /hostPID/);
});

Deno.test("deploy/kubernetes: the service account may read pods, and nothing else", () => {
  assert.deepEqual(one("ClusterRole").rules, [
    { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
  ]);
  const [subject] = one("ClusterRoleBinding").subjects, account = one("ServiceAccount").metadata;
  assert.deepEqual([subject.name, subject.namespace], [account.name, account.namespace]);
  assert.equal(one("DaemonSet").spec.template.spec.serviceAccountName, account.name);
});

Deno.test("deploy/kubernetes: the configuration is one that the agent takes", () => {
  const text = one("ConfigMap").data["agent.json"];
  assert.ok(parseJsonc(text));
  const config = new Map([["config", [{ label: "--config", text: "/etc/alps/agent.json" }]]]);
  const options = resolveRunOptions(config, { env: { ALPS_NODE_NAME: "node-1" }, readFile: () => text });
  assert.deepEqual([options.discover, options.nodeName, options.logFormat], ["auto", "node-1", "json"]);
  const [container] = one("DaemonSet").spec.template.spec.containers;
  assert.deepEqual(container.args, ["--config", "/etc/alps/agent.json"]);
  assert.equal(container.env[0].name, "ALPS_NODE_NAME");
});

Deno.test("deploy/kubernetes: containerd's state is one of the folders that are looked into, and is never made", () => {
  const { containers: [container], volumes } = one("DaemonSet").spec.template.spec;
  const byName = (list: { name: string }[]) => list.find(({ name }) => name === "containerd")!;
  // deno-lint-ignore no-explicit-any
  const mount = byName(container.volumeMounts) as any, { hostPath } = byName(volumes) as any;
  assert.equal(mount.mountPath, hostPath.path);
  assert.ok(STATE_FOLDERS.includes(hostPath.path));
  assert.deepEqual([hostPath.type, mount.mountPropagation], ["Directory", "HostToContainer"]);
});

Deno.test("deploy/kubernetes: the capabilities that are kept are those that the service keeps", () => {
  const service = Deno.readTextFileSync(new URL("../../deploy/alps-agent.service", import.meta.url));
  const kept = /^CapabilityBoundingSet=(.*)$/m.exec(service)![1]!.split(" ");
  const [container] = one("DaemonSet").spec.template.spec.containers;
  const bounding = container.command.find((each: string) => each.startsWith("--bounding-set=-all,"));
  const given = bounding.slice("--bounding-set=-all,".length).split(",");
  assert.deepEqual(given.map((each: string) => `CAP_${each.slice(1).toUpperCase()}`).sort(), kept.sort());
});
