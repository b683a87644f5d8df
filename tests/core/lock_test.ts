import assert from "node:assert/strict";
import { AgentLock, LockedError } from "../../core/lock.ts";

/** A path for a lock, in a folder of its own that is removed at the end. */
async function withPath(test: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "alps-lock-" });
  try {
    await test(`${folder}/run/alps/agent.lock`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Another process that holds the lock until it is killed. */
async function holder(path: string): Promise<Deno.ChildProcess> {
  const code = `
    const { AgentLock } = await import(${
    JSON.stringify(new URL("../../core/lock.ts", import.meta.url).href)
  });
    globalThis.held = await AgentLock.take(${JSON.stringify(path)});
    console.log("held");
    setInterval(() => {}, 1 << 30);
  `;
  const process = new Deno.Command(Deno.execPath(), { args: ["eval", code], stdout: "piped" }).spawn();
  const reader = process.stdout.getReader();
  const { value } = await reader.read();
  await reader.cancel();
  assert.equal(new TextDecoder().decode(value), "held\n");
  return process;
}

Deno.test("AgentLock.take() makes the folder, and writes who holds it", async () => {
  await withPath(async (path) => {
    using _lock = await AgentLock.take(path);
    assert.equal(await Deno.readTextFile(path), `${Deno.pid}\n`);
  });
});

Deno.test("AgentLock.take() names the process that holds the lock, and works once that is killed", async () => {
  await withPath(async (path) => {
    const other = await holder(path);
    try {
      await assert.rejects(AgentLock.take(path), (error) => {
        assert.ok(error instanceof LockedError);
        assert.equal(error.pid, String(other.pid));
        assert.match(
          error.message,
          new RegExp(`^another agent is running on this machine \\(pid ${other.pid}, lock .+\\)`),
        );
        assert.match(error.message, /--backend none/);
        assert.ok(!error.message.includes("\n"));
        return true;
      });
      assert.equal(await Deno.readTextFile(path), `${other.pid}\n`, "the holder's number stays");
    } finally {
      other.kill("SIGKILL");
      await other.status;
    }
    using _lock = await AgentLock.take(path);
    assert.equal(await Deno.readTextFile(path), `${Deno.pid}\n`);
  });
});

Deno.test("AgentLock can be taken again once it has been given back; its file stays", async () => {
  await withPath(async (path) => {
    {
      using _first = await AgentLock.take(path);
      await assert.rejects(AgentLock.take(path), LockedError);
    }
    const inode = (await Deno.stat(path)).ino;
    using _second = await AgentLock.take(path);
    assert.equal((await Deno.stat(path)).ino, inode);
  });
});

Deno.test("AgentLock.take() leaves nothing of a longer text that was there before", async () => {
  await withPath(async (path) => {
    (await AgentLock.take(path))[Symbol.dispose]();
    await Deno.writeTextFile(path, "99999999999999999999\nmore\n");
    using _lock = await AgentLock.take(path);
    assert.equal(await Deno.readTextFile(path), `${Deno.pid}\n`);
  });
});

Deno.test("AgentLock.take() says which lock it cannot take, and why", async () => {
  const path = "/dev/null/alps/agent.lock";
  await assert.rejects(AgentLock.take(path), {
    message: /^cannot take the lock \/dev\/null\/alps\/agent\.lock: [^\n]+$/,
  });
});

Deno.test("AgentLock.take() waits for the name of one that has just taken the lock, and takes no earlier one's for it", async () => {
  await withPath(async (path) => {
    const other = await holder(path);
    try {
      for (const before of ["", "4194304\n"]) {
        await Deno.writeTextFile(path, before);
        const taken = AgentLock.take(path);
        setTimeout(() => Deno.writeTextFileSync(path, `${other.pid}\n`), 100);
        await assert.rejects(
          taken,
          (error) => error instanceof LockedError && error.pid === String(other.pid),
        );
      }
    } finally {
      other.kill("SIGKILL");
      await other.status;
    }
  });
});
