import assert from "node:assert/strict";
import { NotPossibleError } from "../../cli/errors.ts";
import { AgentLock } from "../../core/lock.ts";
import { install } from "../../deploy/install.ts";
import { uninstall } from "../../deploy/uninstall.ts";
import { CONFIG_TEXT, contents, inRoot } from "./fake_product.ts";

const surroundings = {
  config: () => new TextEncoder().encode(CONFIG_TEXT),
  restore: () => assert.fail("another machine's processes are none of this one's"),
};

Deno.test("install() puts file, service, configuration and folders in place, and says so", () =>
  inRoot((root, product) => {
    const lines: string[] = [];
    assert.equal(install(root, (line) => lines.push(line), product("program")), 0);
    assert.deepEqual(contents(root).filter((path) => /alps/.test(path)), [
      "/etc/alps 755",
      "/etc/alps/agent.json 644",
      "/etc/systemd/system/alps-agent.service 644",
      "/usr/local/bin/alps-agent 755",
      "/var/lib/alps 755",
    ]);
    assert.deepEqual(lines, [
      `wrote ${root}/usr/local/bin/alps-agent`,
      `wrote ${root}/etc/systemd/system/alps-agent.service`,
      `wrote ${root}/etc/alps/agent.json: say there which processes are functions`,
    ]);
  }));

Deno.test("install() again replaces file and service as a whole, and keeps configuration and state", () =>
  inRoot((root, product) => {
    const path = `${root}/usr/local/bin/alps-agent`;
    install(root, () => {}, product("old program"));
    Deno.writeTextFileSync(`${root}/etc/alps/agent.json`, "mine");
    Deno.writeTextFileSync(`${root}/var/lib/alps/changes.journal`, "changes");
    using running = Deno.openSync(path);
    install(root, () => {}, product("new program"));
    assert.equal(Deno.readTextFileSync(path), "new program");
    assert.equal(Deno.readTextFileSync(`${root}/etc/alps/agent.json`), "mine");
    assert.equal(Deno.readTextFileSync(`${root}/var/lib/alps/changes.journal`), "changes");
    const old = new Uint8Array(32);
    const n = running.readSync(old)!;
    assert.equal(new TextDecoder().decode(old.subarray(0, n)), "old program", "whoever runs it keeps it");
    assert.equal(contents(root).filter((name) => /\/\.alps/.test(name)).length, 0);
  }));

Deno.test("install() from the place that it installs to leaves the file alone", () =>
  inRoot((root, product) => {
    install(root, () => {}, product("program"));
    const path = `${root}/usr/local/bin/alps-agent`, { ino } = Deno.statSync(path);
    install(root, () => {}, { ...product("program"), executable: path });
    assert.equal(Deno.statSync(path).ino, ino);
  }));

Deno.test("install() names the place that it cannot write, in one line, and leaves no unfinished file", () =>
  inRoot((root, product) => {
    Deno.mkdirSync(`${root}/usr/local/bin/alps-agent`, { recursive: true });
    const whole = `cannot write ${root}/usr/local/bin/alps-agent: `;
    assert.throws(() => install(root, () => {}, product("program")), (error: Error) => {
      assert.ok(error.message.startsWith(whole) && !error.message.includes("\n"), error.message);
      return true;
    });
    assert.deepEqual([...Deno.readDirSync(`${root}/usr/local/bin`)].map(({ name }) => name), ["alps-agent"]);
    assert.throws(
      () => install("/proc/no-such", () => {}, product("program")),
      /^FailedError: cannot make the folder \/proc\/no-such\/usr\/local\/bin: [^\n]+$/,
    );
  }));

Deno.test("install() needs the one file", () =>
  inRoot((root, product) => {
    assert.throws(
      () => install(root, () => {}, { ...product("x"), executable: undefined }),
      NotPossibleError,
    );
    assert.deepEqual(contents(root), []);
  }));

Deno.test("uninstall() takes away all that install() put there, and what the agent left", () =>
  inRoot(async (root, product) => {
    for (const folder of ["/usr/local/bin", "/etc/systemd/system/multi-user.target.wants", "/var/lib"]) {
      Deno.mkdirSync(root + folder, { recursive: true });
    }
    const before = contents(root);
    install(root, () => {}, product("program"));
    Deno.writeTextFileSync(`${root}/var/lib/alps/changes.journal`, "changes");
    const unit = "/etc/systemd/system/alps-agent.service";
    Deno.symlinkSync(unit, `${root}/etc/systemd/system/multi-user.target.wants/alps-agent.service`);
    const lines: string[] = [];
    assert.equal(await uninstall(root, (line) => lines.push(line), surroundings), 0);
    assert.deepEqual(contents(root), before);
    assert.equal(lines.length, 5);
    assert.ok(lines.every((line) => line.startsWith(`removed ${root}/`)), lines.join("\n"));
    assert.equal(await uninstall(root, () => assert.fail("nothing is left to remove"), surroundings), 0);
  }));

Deno.test("uninstall() keeps a configuration that was changed", () =>
  inRoot(async (root, product) => {
    install(root, () => {}, product("program"));
    Deno.writeTextFileSync(`${root}/etc/alps/agent.json`, "mine");
    const lines: string[] = [];
    await uninstall(root, (line) => lines.push(line), surroundings);
    assert.equal(Deno.readTextFileSync(`${root}/etc/alps/agent.json`), "mine");
    assert.ok(lines.some((line) => /^kept .*agent\.json: it was changed$/.test(line)));
  }));

Deno.test("uninstall() removes nothing while an agent runs", () =>
  inRoot(async (root, product) => {
    install(root, () => {}, product("program"));
    const before = contents(root);
    using _lock = await AgentLock.take(`${root}/run/alps/agent.lock`);
    await assert.rejects(
      uninstall(root, () => assert.fail("nothing is to be removed"), surroundings),
      new RegExp(`cannot uninstall while an agent runs \\(pid ${Deno.pid}, .*systemctl disable --now`),
    );
    assert.deepEqual(contents(root).filter((path) => !path.startsWith("/run")), before);
  }));
