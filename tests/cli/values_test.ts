import assert from "node:assert/strict";
import { address, flag, got, type Kind, number, oneOf, path, url } from "../../cli/values.ts";

function parsesNone(kind: Kind<unknown>, texts: string[]): void {
  for (const text of texts) assert.equal(kind.parse(text), undefined, JSON.stringify(text));
}

Deno.test("number() takes decimal numbers within bounds, and nothing else", () => {
  const share = number({ least: 0, most: 100 });
  assert.equal(share.parse("0"), 0);
  assert.equal(share.parse("100"), 100);
  assert.equal(share.parse("+.5"), 0.5);
  assert.equal(share.parse("1e1"), 10);
  parsesNone(share, [
    "",
    " ",
    "1 ",
    "-0.1",
    "100.1",
    "0x10",
    "1_0",
    "Infinity",
    "NaN",
    "1e",
    "١",
    "1,5",
    "--1",
  ]);
  assert.equal(share.wanted, "a number from 0 to 100");
});

Deno.test("number() can leave out the least, have no most, and want whole numbers", () => {
  const above = number({ least: 0, above: true });
  assert.equal(above.parse("1e-9"), 1e-9);
  parsesNone(above, ["0", "-1", "1e999"]);
  assert.equal(above.wanted, "a number above 0");
  const whole = number({ least: 1, integer: true });
  assert.equal(whole.parse("700"), 700);
  parsesNone(whole, ["0", "1.5", "1e300"]);
  assert.equal(whole.wanted, "a whole number of at least 1");
  assert.equal(number({ least: 0.1, most: 9, unit: "seconds" }).wanted, "a number of seconds, from 0.1 to 9");
  assert.equal(number({ least: 0, above: true, most: 9 }).wanted, "a number above 0 and at most 9");
});

Deno.test("oneOf() takes its words, as they are written", () => {
  const kind = oneOf(["avg", "LR"]);
  assert.equal(kind.parse("LR"), "LR");
  parsesNone(kind, ["lr", "", "avg,LR", "constructor"]);
  assert.equal(kind.wanted, "one of avg, LR");
  assert.equal(oneOf(["none"]).wanted, "none");
});

Deno.test("flag() takes true, false, 1 and 0", () => {
  assert.deepEqual(["true", "1", "false", "0"].map(flag().parse), [true, true, false, false]);
  parsesNone(flag(), ["", "yes", "TRUE", "2", "toString", "__proto__"]);
});

Deno.test("address() takes HOST:PORT", () => {
  assert.deepEqual(address().parse("127.0.0.1:8083"), { host: "127.0.0.1", port: 8083 });
  assert.deepEqual(address().parse("localhost:0"), { host: "localhost", port: 0 });
  assert.deepEqual(address().parse("[::1]:65535"), { host: "::1", port: 65535 });
  parsesNone(address(), [
    "",
    "8083",
    ":8083",
    "a:",
    "a:65536",
    "a:-1",
    "::1:80",
    "[]:80",
    "a b:80",
    "a:8 0",
    "a:1\n",
  ]);
});

Deno.test("path() takes what the system can open", () => {
  assert.equal(path("FILE").parse("./a b"), "./a b");
  parsesNone(path("FILE"), ["", "a\0b", "x".repeat(4096)]);
  assert.equal(path("SOCKET", 107).parse("ü".repeat(53)), "ü".repeat(53));
  parsesNone(path("SOCKET", 107), ["ü".repeat(54)]);
});

Deno.test("url() takes http and https", () => {
  assert.equal(url().parse("http://127.0.0.1:5002")?.port, "5002");
  parsesNone(url(), ["", "127.0.0.1:5002", "ftp://a/", "file:///etc", "http://", "javascript:1"]);
});

Deno.test("got() shows a value on one short line", () => {
  assert.equal(got(""), "got nothing");
  assert.equal(got("RF"), "got RF");
  assert.equal(got("a\nb"), "got a\\u000ab");
  assert.ok(got("x".repeat(10_000)).length < 200);
});
