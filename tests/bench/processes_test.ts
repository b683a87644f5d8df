import assert from "node:assert/strict";
import { startService } from "../../bench/processes.ts";
import { FailedError, NotPossibleError } from "../../cli/errors.ts";

/** A program that runs a shell script in place of `alps-agent`. */
function script(text: string) {
  return { name: "the test", args: ["first argument"], program: ["/bin/sh", "-c", text, "sh"] };
}

Deno.test("startService() waits for the line with the address, and stop() returns the exit status", async () => {
  const text =
    'echo noise; echo "listening on http://127.0.0.1:99"; trap "exit 5" TERM; while :; do sleep 0.05; done';
  const service = await startService(script(text));
  assert.equal(service.url, "http://127.0.0.1:99");
  assert.equal(await service.stop(), 5);
  assert.equal(await service.stop(), 5);
});

Deno.test("startService() passes arguments, and no settings of the user's agent", async () => {
  Deno.env.set("ALPS_ML", "LR");
  try {
    const text =
      'echo "listening on http://$1.$(env | grep -c ^ALPS_)." | tr " " "_" | sed "s/_on_/ on /"; sleep 0.1';
    const service = await startService(script(text));
    assert.equal(service.url, "http://first_argument.0.");
    await service.stop();
  } finally {
    Deno.env.delete("ALPS_ML");
  }
});

Deno.test("startService() says why a process ended before it was ready", async () => {
  await assert.rejects(startService(script('echo "alps-agent: port taken" >&2; exit 1')), (error) => {
    assert.ok(error instanceof FailedError);
    return /^the test \(process \d+\) ended with status 1: port taken$/.test(error.message);
  });
});

Deno.test("startService() passes on that something is not possible on this machine", async () => {
  await assert.rejects(
    startService(script('echo "alps-agent: no BTF: use another kernel" >&2; exit 3')),
    (error) => {
      assert.ok(error instanceof NotPossibleError);
      return error.message === "cannot start the test: no BTF: use another kernel";
    },
  );
});

Deno.test("startService() ends the process when it is told to while it waits", async () => {
  const stop = new AbortController();
  const starting = startService({ ...script("exec sleep 3600"), signal: stop.signal });
  stop.abort(new Error("enough"));
  await assert.rejects(starting, /enough/);
  await assert.rejects(startService({ ...script("exec sleep 3600"), signal: stop.signal }), /enough/);
});

Deno.test("startService() tells when the process dies later, with its last words", async () => {
  const service = await startService(
    script('echo "listening on http://127.0.0.1:99"; echo bad luck >&2; exit 1'),
  );
  assert.match(await service.died, /^the test .* ended with status 1: bad luck$/);
  assert.deepEqual(service.lastWords, ["bad luck"]);
  assert.equal(await service.stop(), 1);
});
