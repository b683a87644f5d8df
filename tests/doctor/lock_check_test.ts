import assert from "node:assert/strict";
import { AgentLock } from "../../core/lock.ts";
import { checkLock, lockHolder } from "../../doctor/lock_check.ts";
import { thisMachine } from "../../doctor/machine.ts";
import { fakeMachine } from "./fake_machine.ts";

const LOCK = { device: 0x19, inode: 1042 };

/** The check, with these lines in /proc/locks. */
function check(...lines: string[]) {
  return checkLock(fakeMachine({ lock: LOCK, files: { "/proc/locks": lines.join("\n") + "\n" } }));
}

Deno.test("checkLock() names the process that holds the lock", () => {
  const { status, found, remedy } = check(
    "1: POSIX  ADVISORY  READ 24381 fe:00:16042677 128 128",
    "2: FLOCK  ADVISORY  WRITE 1234 00:19:1042 0 EOF",
  );
  assert.equal(status, "limited");
  assert.match(found, /^held by pid 1234 /);
  assert.match(remedy!, /--backend none may run beside it/);
  assert.match(check("2: FLOCK  ADVISORY  WRITE 0 00:19:1042 0 EOF").found, /outside of this pid namespace/);
});

Deno.test("checkLock() takes no other lock for it: of another kind, file or file system, or waited for", () => {
  for (
    const line of [
      "1: POSIX  ADVISORY  WRITE 1234 00:19:1042 0 EOF",
      "1: FLOCK  ADVISORY  WRITE 1234 00:19:10422 0 EOF",
      "1: FLOCK  ADVISORY  WRITE 1234 00:1a:1042 0 EOF",
      "1: -> FLOCK  ADVISORY  WRITE 1234 00:19:1042 0 EOF",
    ]
  ) assert.equal(check(line).status, "ok", line);
  assert.equal(checkLock(fakeMachine()).status, "ok", "where there is no such file");
});

Deno.test("lockHolder() finds this process where it holds a lock, and nobody after it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/agent.lock`;
    {
      using _lock = await AgentLock.take(path);
      assert.equal(lockHolder(thisMachine, path), Deno.pid);
    }
    assert.equal(lockHolder(thisMachine, path), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
