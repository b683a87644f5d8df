import assert from "node:assert/strict";
import {
  canonicalHost,
  formatHostPort,
  hostOfAuthority,
  isLoopbackHost,
  isWildcardHost,
  parseListen,
  ServerError,
} from "../../api/address.ts";

Deno.test("parseListen() takes addresses and names, and formatHostPort() writes them back", () => {
  for (
    const text of [
      "127.0.0.1:8083",
      "0.0.0.0:0",
      "localhost:65535",
      "[::1]:80",
      "[::]:8083",
      "node-7.example:1",
    ]
  ) {
    assert.equal(formatHostPort(parseListen(text)), text);
  }
  assert.deepEqual(parseListen("[fe80::1]:80"), { hostname: "fe80::1", port: 80 });
});

Deno.test("parseListen() names the value and what was wanted", () => {
  const wrong: [string, RegExp][] = [
    ["", /no port/],
    ["8083", /no port/],
    ["localhost", /no port/],
    ["localhost:", /the port must be a number from 0 to 65535, not ""/],
    ["localhost:http", /not "http"/],
    ["localhost:65536", /not "65536"/],
    ["localhost:-1", /not "-1"/],
    ["localhost: 1", /not " 1"/],
    ["localhost:1e3", /not "1e3"/],
    [":8083", /no host/],
    ["::1:8083", /brackets/],
    ["[::1]", /port/],
    ["[::g]:1", /not an IPv6 address/],
    ["[127.0.0.1]:1", /not an IPv6 address/],
    ["[::1:1", /not an IPv6 address/],
    ["256.1.1.1:1", /neither/],
    ["1.2.3:1", /neither/],
    ["*:8083", /neither/],
    ["a b:1", /neither/],
    ["http://localhost:1", /brackets/],
    ["-x:1", /neither/],
    [`${"x".repeat(64)}:1`, /neither/],
    ["a\nb:1", /neither/],
  ];
  for (const [text, why] of wrong) {
    assert.throws(() => parseListen(text), (error) => {
      assert.ok(error instanceof ServerError);
      assert.equal(error.reason, "address");
      assert.ok(error.message.startsWith(`cannot listen on ${JSON.stringify(text)}: `));
      assert.match(error.message, why);
      assert.match(error.message, /wanted HOST:PORT/);
      assert.ok(!error.message.includes("\n"));
      return true;
    });
  }
});

Deno.test("canonicalHost() has one spelling for each host", () => {
  const same: [string, string | undefined][] = [
    ["LocalHost", "localhost"],
    ["[::1]", "::1"],
    ["0:0::0:1", "::1"],
    ["::ffff:127.0.0.1", "127.0.0.1"],
    ["::ffff:a01:203", "10.1.2.3"],
    ["10.1.2.3", "10.1.2.3"],
    ["[localhost]", undefined],
    ["a b", undefined],
    ["", undefined],
    ["ü.example", undefined],
  ];
  for (const [host, wanted] of same) assert.equal(canonicalHost(host), wanted, host);
});

Deno.test("hostOfAuthority() drops the port and refuses what is no host", () => {
  assert.equal(hostOfAuthority("localhost:80"), "localhost");
  assert.equal(hostOfAuthority("[::1]:80"), "::1");
  assert.equal(hostOfAuthority("[::1]"), "::1");
  for (const text of ["", "::1", "a:b", "user@localhost", "localhost:1:2", "[::1]x", "localhost:123456"]) {
    assert.equal(hostOfAuthority(text), undefined, text);
  }
});

Deno.test("isLoopbackHost() and isWildcardHost() tell addresses apart", () => {
  for (const host of ["localhost", "127.0.0.1", "127.255.0.9", "::1", "::ffff:127.0.0.1"]) {
    assert.ok(isLoopbackHost(host), host);
    assert.ok(!isWildcardHost(host), host);
  }
  for (
    const host of [
      "128.0.0.1",
      "::2",
      "0.0.0.0",
      "::",
      "127.evil.example",
      "localhost.example",
      "::ffff:10.0.0.1",
    ]
  ) {
    assert.ok(!isLoopbackHost(host), host);
  }
  assert.ok(isWildcardHost("0.0.0.0") && isWildcardHost("::") && isWildcardHost("0:0::0"));
});
