/** What `alps-agent host` does, as a process of its own: `host_main.ts LISTEN [COMMANDS]`. */
import { runHost } from "../../host/host.ts";

const [listen = "127.0.0.1:0", commands] = Deno.args;
Deno.exit(await runHost(commands === undefined ? { listen } : { listen, commands }));
