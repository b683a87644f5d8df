import assert from "node:assert/strict";
import type { WhatIfOptions } from "../../cli/commands.ts";
import { FailedError } from "../../cli/errors.ts";
import { describe, runWhatIf } from "../../core/whatif_command.ts";
import { fakeApi, UNIX } from "../api/fake_view.ts";
import { inFolder } from "../in_folder.ts";

const OPTIONS: WhatIfOptions = { minutes: 3, socket: "/no/such/socket", url: undefined, json: false };

/** Serves a fake agent on a Unix socket, or whatever else answers. */
async function withAgent(
  use: (socket: string) => Promise<void>,
  handler?: (request: Request) => Response,
): Promise<void> {
  const { app } = fakeApi();
  await inFolder(async (folder) => {
    const path = `${folder}/agent.sock`;
    await using _server = Deno.serve(
      { path, onListen: () => {} },
      handler ?? ((request) => app.fetch(request, { connection: UNIX })),
    );
    await use(path);
  });
}

Deno.test("runWhatIf() asks over the socket, and prints a table or the document", () =>
  withAgent(async (socket) => {
    const printed: string[] = [];
    const run = (more: Partial<WhatIfOptions>) =>
      runWhatIf({ ...OPTIONS, socket, ...more }, (text) => void printed.push(text));
    assert.equal(await run({}), 0);
    assert.match(printed[0]!, /^3 invocations from .* load 0\.50 on 2 cores\./);
    assert.match(printed[0]!, /fib +│ +3 │ +2\.0 │ +2\.5 │ +9\.0/);
    assert.match(printed[0]!, /measured -, alps:avg 0\.50\n$/);
    assert.equal(await run({ json: true }), 0);
    assert.equal(JSON.parse(printed[1]!).minutes, 3);
  }));

Deno.test("runWhatIf() says where no agent is, and what one answers that cannot tell", async () => {
  const failure = async (options: Partial<WhatIfOptions>) => {
    try {
      await runWhatIf({ ...OPTIONS, ...options }, () => {});
    } catch (error) {
      assert.ok(error instanceof FailedError);
      assert.doesNotMatch(error.message, /\n/);
      return error.message;
    }
    assert.fail("it worked");
  };
  assert.match(
    await failure({}),
    /^cannot ask the agent at the socket \/no\/such\/socket: .*; is one running\?$/,
  );
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = new URL(`http://127.0.0.1:${listener.addr.port}`);
  listener.close();
  assert.match(await failure({ url }), /at http:\/\/127\.0\.0\.1:[0-9]+\/: .*refused/i);
  const answers: [Response, RegExp][] = [
    [Response.json({ detail: "busy\u001b[2J" }, { status: 503 }), /question: busy\\u001b\[2J$/],
    [new Response("<html>", { status: 404 }), /question: status 404$/],
    [new Response("null"), /question: status 200$/],
  ];
  for (const [answer, message] of answers) {
    await withAgent(async (socket) => assert.match(await failure({ socket }), message), () => answer);
  }
});

Deno.test("describe() says that nothing has run", async () => {
  const snapshot = await fakeApi().view.whatIf(10);
  assert.equal(
    describe({ ...snapshot, all: { ...snapshot.all, invocations: 0 } }),
    "No invocation has ended in the last 10 minutes.",
  );
});
