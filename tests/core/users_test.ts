import assert from "node:assert/strict";
import { userIds } from "../../core/users.ts";

Deno.test("userIds() takes names and numbers", () => {
  assert.deepEqual(userIds([]), []);
  assert.deepEqual(userIds(["root", "1000", "0", "daemon"]), [0, 1000, 0, 1]);
});

Deno.test("userIds() refuses who is not there, and shows hostile names escaped", () => {
  for (const user of ["no-such-user", "", "4294967295", "-1", "root\0x"]) {
    assert.throws(() => userIds([user]), /^Error: cannot exclude user ".*": this machine has none/, user);
  }
  assert.throws(() => userIds(["a\nb\x1b[2J"]), { message: /"a\\u000ab\\u001b\[2J"/ });
});
