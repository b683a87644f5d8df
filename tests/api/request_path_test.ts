import assert from "node:assert/strict";
import { checkPercentEncoding, splitUrl } from "../../api/request_path.ts";
import { ProblemError } from "../../api/problem.ts";

Deno.test("splitUrl() takes a URL apart without decoding or normalising it", () => {
  const cases: [string, string, string, string][] = [
    ["http://localhost:80/a%2Fb/../c\\d?x=1#y", "localhost:80", "/a%2Fb/../c\\d", "x=1"],
    ["http+unix://localhost/priority", "localhost", "/priority", ""],
    ["http+unix:///priority?", "", "/priority", ""],
    ["http://[::1/", "[::1", "/", ""],
    ["http://localhost", "localhost", "/", ""],
    ["http://localhost?a=b?c", "localhost", "/", "a=b?c"],
    ["nonsense", "", "/", ""],
  ];
  for (const [url, authority, path, query] of cases) {
    assert.deepEqual(splitUrl(url), { authority, path, query }, url);
  }
});

Deno.test("checkPercentEncoding() takes UTF-8 and refuses the rest", () => {
  checkPercentEncoding("/priority/a%2Fb%20%C3%BC%25", "limit=1&function=%F0%9F%99%82");
  for (
    const [path, query] of [["/a%", ""], ["/a/%2", ""], ["/%C3/%BC", ""], ["/", "a=%"], [
      "/",
      "%ff=1",
    ]] as const
  ) {
    assert.throws(
      () => checkPercentEncoding(path, query),
      (error) => error instanceof ProblemError && error.status === 400,
    );
  }
});
