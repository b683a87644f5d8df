/** Who waits for a lock in the kernel is not demoted: everyone who comes after it would wait with it. */

import assert from "node:assert/strict";
import { seesLocks } from "../../observe/kernel_features.ts";
import { nativeProgram } from "./build_native.ts";
import { type Lab, liveTest, scheduling, until } from "./lab.ts";

const SCHED_NORMAL = 0, SCHED_IDLE = 5;

if (!seesLocks()) console.log("skip: this kernel does not show who waits for a lock: Linux 5.19 does");

/** More spinning invocations than there are CPUs, and a longer one that writes to a file, demoted. Returns the latter's pid. */
async function demotedWriter(lab: Lab, file: string): Promise<number> {
  lab.rule("exe:{lab}/{function}");
  lab.order(["short", 1e6], ["writer", 9e6]);
  const short = await lab.program("short"), writer = `${lab.folder}/writer`;
  await Deno.copyFile(await nativeProgram("scribble"), writer);
  const { pid } = lab.start(writer, file, 4096);
  for (let i = 0; i < 2 * lab.cpus.length; i++) lab.start(short, 0);
  await until("the writer's demotion", () => scheduling(pid).policy === SCHED_IDLE);
  return pid;
}

const definition = liveTest(
  "stock: an invocation that waits for a lock in the kernel is left normal until it has had it",
  async (lab) => {
    const file = `${lab.folder}/file`;
    const pid = await demotedWriter(lab, file);
    // Nobody's process: the agent does not see it, nor what it holds.
    const holder = lab.start(await nativeProgram("scribble"), file, 32 << 20);
    await until("it is spared", () => scheduling(pid).policy === SCHED_NORMAL);
    assert.ok((await lab.report()).counters.spared > 0);
    holder.kill("SIGKILL");
    await holder.status;
    await until("it is demoted again", () => scheduling(pid).policy === SCHED_IDLE);
  },
  "stock",
);
Deno.test({ ...definition, ignore: definition.ignore || !seesLocks() });
