/** The agent with no more rights than its systemd service gives it. */
import assert from "node:assert/strict";
import { onlineCpus } from "../../enforce/cpu_lists.ts";
import { Place } from "./agent_process.ts";
import { autogroupIsOn } from "./cgroups.ts";
import { scheduling, until, whyNotLive } from "./lab.ts";

const SCHED_NORMAL = 0, SCHED_IDLE = 5;

/** The service's capabilities, as setpriv names them. */
function capabilities(): string[] {
  const text = Deno.readTextFileSync(new URL("../../deploy/alps-agent.service", import.meta.url));
  const line = /^CapabilityBoundingSet=(.+)$/m.exec(text)![1]!;
  return line.toLowerCase().split(" ").map((name) => `+${name.replace("cap_", "")}`);
}

const WRAPPER = ["/usr/bin/setpriv", `--bounding-set=-all,${capabilities().join(",")}`, "--no-new-privs"];

Deno.test({
  name:
    "agent with the service's capabilities alone: doctor has no complaint, processes of other users are demoted",
  ignore: whyNotLive !== undefined,
  fn: async () => {
    await using place = await Place.make();
    const doctor = await place.spawnCommand(["doctor", "--json"], WRAPPER).end();
    const { checks, can_enforce: canEnforce } = JSON.parse(doctor.stdout);
    assert.equal(canEnforce, true);
    for (const id of ["capabilities", "programs", "realtime"]) {
      const check = checks.find((each: { id: string }) => each.id === id);
      assert.equal(check?.status ?? "ok", "ok", JSON.stringify(check));
    }

    const program = await place.program("fn/busy");
    await Deno.chmod(place.folder, 0o755);
    const rule = `exe:${place.folder}/fn/{function}`;
    const agent = place.spawnAgent(["--backend", "stock", "--rule", rule], WRAPPER);
    await agent.listening();
    const asNobody = ["--reuid=65534", "--regid=65534", "--clear-groups", program, 0];
    const many = Array.from(
      { length: 2 * onlineCpus().length + 1 },
      () => place.start("/usr/bin/setpriv", ...asNobody),
    );
    await until(
      "one of them is demoted",
      () => many.some(({ pid }) => scheduling(pid).policy === SCHED_IDLE),
    );
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    for (const { pid } of many) assert.deepEqual(scheduling(pid), { policy: SCHED_NORMAL, nice: 0 });
  },
});

Deno.test({
  name:
    "agent with the service's capabilities alone: sessions, which it could not put back, are left alone, and the log says so",
  ignore: whyNotLive !== undefined || !autogroupIsOn(),
  fn: async () => {
    await using place = await Place.make();
    const program = await place.program("fn/busy");
    const rule = `exe:${place.folder}/fn/{function}`;
    const agent = place.spawnAgent(["--backend", "stock", "--rule", rule], WRAPPER);
    await agent.listening();
    const many = Array.from(
      { length: 2 * onlineCpus().length + 1 },
      () => place.start("/usr/bin/setsid", program, 0),
    );
    await until(
      "it is said",
      () => /sessions of their own are not ordered.*CAP_SYS_ADMIN/.test(agent.stderr),
    );
    const changed = () => many.filter(({ pid }) => !/ nice 0$/m.test(autogroup(pid)));
    assert.deepEqual(changed(), []);
    const { code, stderr } = await agent.end("SIGTERM");
    assert.equal(code, 0, stderr);
    assert.deepEqual(changed(), []);
  },
});

function autogroup(pid: number): string {
  return Deno.readTextFileSync(`/proc/${pid}/autogroup`);
}
