/** Users by name or number. */

import { Libc } from "../ffi/libc.ts";
import { shown } from "../observe/names.ts";

/** Highest user id: the one above says "none". */
const MAX_UID = 2 ** 32 - 2;

/**
 * User ids of users that are given by name or number.
 * @throws Error of one line where the machine knows no user of that name
 */
export function userIds(users: readonly string[]): number[] {
  if (users.length === 0) return [];
  using libc = new Libc();
  return users.map((user) => {
    const uid = /^[0-9]{1,10}$/.test(user)
      ? Number(user)
      : user === "" || user.includes("\0")
      ? undefined
      : libc.uidOf(user);
    if (uid === undefined || uid > MAX_UID) {
      throw new Error(`cannot exclude user "${shown(user)}": this machine has none of that name or number`);
    }
    return uid;
  });
}
