/** `alps-agent host --openlambda` and `--functions`: workers as ALPS configures them. */

import assert from "node:assert/strict";
import { startHost } from "../../host/host.ts";
import { inFolder } from "../in_folder.ts";
import { eventually } from "./processes.ts";

/** Ports that are free now. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map(({ addr }) => (addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

async function workspace(
  folder: string,
  workers: [worker: string, port: number, id: string, name: string][],
) {
  for (const [worker, port, id, name] of workers) {
    await Deno.mkdir(`${folder}/${worker}`, { recursive: true });
    const config = {
      worker_dir: `${folder}/${worker}/worker`,
      worker_port: String(port),
      seal_priority: id,
      function_name: name,
      sandbox: "sock",
    };
    await Deno.writeTextFile(`${folder}/${worker}/config.json`, JSON.stringify(config));
  }
}

/** The published request, as curl sends it. */
async function curl(url: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${url}/run/fib`, {
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded" },
    body: '{"n":"3","id":"20","job":"fib"}',
  });
  return { status: response.status, text: await response.text() };
}

Deno.test("startHost() serves a workspace's workers on their ports, each for its function", () =>
  inFolder(async (folder) => {
    const [a, b] = freePorts(2) as [number, number];
    await workspace(folder, [["w1", a, "20", "fib-20"], ["w2", b, "7", "other"]]);
    await using host = await startHost({ openlambda: folder });
    assert.deepEqual(
      host.workerUrls.toSorted(),
      [`http://127.0.0.1:${a}`, `http://127.0.0.1:${b}`].toSorted(),
    );
    const { status, text } = await curl(`http://127.0.0.1:${a}`);
    assert.equal(status, 200, text);
    const { function: name, id, job } = JSON.parse(text);
    assert.deepEqual([name, id, job], ["fib-20", 20, "fib"]);
    assert.equal(JSON.parse((await curl(`http://127.0.0.1:${b}`)).text).function, "other");
  }));

Deno.test("startHost() creates and deletes functions as their file says, and goes on after a mistake in it", () =>
  inFolder(async (folder) => {
    const [a, b] = freePorts(2) as [number, number], file = `${folder}/worker_config`;
    await Deno.writeTextFile(file, `w1 ${a} 1 one\n`);
    await using host = await startHost({ functions: file });
    assert.equal((await curl(`http://127.0.0.1:${a}`)).status, 200);
    await Deno.writeTextFile(file, `w1 ${a} 1 one\nw2 ${b} 2 two\n`);
    await eventually(() => host.workerUrls.length === 2);
    assert.equal(JSON.parse((await curl(`http://127.0.0.1:${b}`)).text).function, "two");
    await Deno.writeTextFile(file, "w1 none 1 one\n");
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.equal(host.workerUrls.length, 2, "what cannot be read changes nothing");
    await Deno.writeTextFile(file, `w2 ${b} 2 two\n`);
    await eventually(() => host.workerUrls.length === 1);
    await assert.rejects(curl(`http://127.0.0.1:${a}`));
    assert.equal((await curl(`http://127.0.0.1:${b}`)).status, 200);
  }));

Deno.test("startHost() says in one line what is wrong with workers", () =>
  inFolder(async (folder) => {
    await assert.rejects(startHost({ openlambda: folder }), /holds no WORKER\/config\.json/);
    await workspace(folder, [["w1", 1, "1", "one"], ["w2", 1, "2", "two"]]);
    await assert.rejects(startHost({ openlambda: folder }), /two workers have port 1/);
    const [port] = freePorts(1);
    using taken = Deno.listen({ hostname: "127.0.0.1", port: port! });
    await Deno.writeTextFile(`${folder}/list`, `w1 ${port} 1 one\n`);
    await assert.rejects(
      startHost({ functions: `${folder}/list` }),
      /"one" on 127\.0\.0\.1:\d+: the port is in use/,
    );
    assert.ok(taken);
    await Deno.writeTextFile(`${folder}/list`, "w1 5002 1\n");
    await assert.rejects(
      startHost({ functions: `${folder}/list` }),
      /line 1: wanted WORKER PORT ID FUNCTION/,
    );
    await Deno.writeTextFile(`${folder}/w1/config.json`, '{"worker_dir": "/a/b"}');
    await assert.rejects(startHost({ openlambda: folder }), /has no function_name/);
  }));
