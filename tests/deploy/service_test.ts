/** The systemd service: systemd itself reads it, and the shell runs its lines. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { install } from "../../deploy/install.ts";
import { findProgram } from "../../scripts/command.ts";
import { finish } from "../portable.ts";
import { inRoot } from "./fake_product.ts";

const unit = Deno.readFileSync(new URL("../../deploy/alps-agent.service", import.meta.url));
const text = new TextDecoder().decode(unit);

/** Values of a setting, in order. */
function settings(name: string): string[] {
  return [...text.matchAll(new RegExp(`^${name}=(.*)$`, "gm"))].map((match) => match[1]!);
}

const UNITS = "/lib/systemd/system";

const verifier = findProgram("systemd-analyze");
if (verifier === undefined) console.log("skip: there is no systemd-analyze here to read the service with");

Deno.test({
  name: "systemd reads the service without a complaint",
  ignore: verifier === undefined,
  fn: () =>
    inRoot(async (root, product) => {
      install(root, () => {}, { ...product("#!/bin/sh\n"), unit });
      await Deno.mkdir(join(root, "bin"));
      await Deno.copyFile("/bin/sh", join(root, "bin/sh"));
      // What every service hangs together with, as systemd brings it along.
      await Deno.mkdir(join(root, "usr/lib/systemd/system"), { recursive: true });
      for (const { name } of Deno.readDirSync(UNITS)) {
        if (!/\.(target|slice)$/.test(name)) continue;
        await Deno.copyFile(join(UNITS, name), join(root, "usr/lib/systemd/system", name));
      }
      const verify = (path: string) =>
        finish([verifier!, "verify", "--man=no", `--root=${root}`, path], { env: { LC_ALL: "C" } });
      const path = "/etc/systemd/system/alps-agent.service";
      const { code, stdout, stderr } = await verify(path);
      assert.deepEqual([code, stdout + stderr], [0, ""]);
      // It would have complained.
      await Deno.writeTextFile(
        root + path,
        text.replace("KillMode=mixed", "KillMode=perhaps\nNoSuchSetting=1"),
      );
      const { stderr: complaint } = await verify(path);
      assert.match(complaint, /NoSuchSetting/);
    }),
});

Deno.test("the service names each capability with its reason, and why what is left open is", () => {
  const capabilities = settings("CapabilityBoundingSet")[0]!.split(" ");
  const reasons = text.slice(
    text.indexOf("with these capabilities alone"),
    text.indexOf("CapabilityBoundingSet="),
  );
  for (const capability of capabilities) {
    assert.ok(reasons.includes(capability.replace("CAP_", "")), capability);
  }
  const open = text.slice(text.indexOf("Left open"));
  for (const name of ["MemoryDenyWriteExecute", "RestrictRealtime", "ProtectControlGroups", "ProtectProc"]) {
    assert.deepEqual(settings(name), [], name);
    assert.match(open, new RegExp(`^# .*${name}.* {2,}\\w`, "m"), name);
  }
});

/** A line of the service as the shell gets it, with its file elsewhere. */
function shellLine(setting: string, folder: string): string {
  const quoted = /^\/bin\/sh -c '(.*)'$/.exec(settings(setting)[0]!)?.[1];
  assert.ok(
    quoted !== undefined && !/[^$]\$[^$]/.test(quoted.replaceAll("$$", "")),
    "systemd would take a $ for its own",
  );
  return quoted.replaceAll("$$", "$").replaceAll("/run/alps/", `${folder}/`);
}

Deno.test("the service waits longer after each failure, up to a minute, and not at all after success", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const backoff = `${folder}/backoff`;
    const ended = async (result: string, status: string) => {
      const env = { SERVICE_RESULT: result, EXIT_STATUS: status };
      const { code, stderr } = await finish(["/bin/sh", "-c", shellLine("ExecStopPost", folder)], { env });
      assert.deepEqual([code, stderr], [0, ""]);
      return await Deno.readTextFile(backoff).catch(() => "none");
    };
    /** What it would sleep for. */
    const starts = async () => {
      await Deno.writeTextFile(`${folder}/sleep`, '#!/bin/sh\necho "$1"\n', { mode: 0o755 });
      const env = { PATH: `${folder}:${Deno.env.get("PATH")}` };
      const { code, stdout } = await finish(["/bin/sh", "-c", shellLine("ExecStartPre", folder)], { env });
      assert.equal(code, 0);
      return stdout.trim();
    };
    assert.equal(await starts(), "");
    for (const seconds of [2, 4, 8, 16, 32, 60, 60]) {
      assert.equal(await ended("exit-code", "1"), `${seconds}\n`);
      assert.equal(await starts(), `${seconds}`);
    }
    const longAgo = new Date(Date.now() - 11 * 60_000);
    await Deno.utime(backoff, longAgo, longAgo);
    assert.equal(await ended("signal", "KILL"), "2\n", "it had been well for long");
    for (const [result, status] of [["success", "0"], ["exit-code", "2"], ["exit-code", "3"]] as const) {
      await ended("exit-code", "1");
      assert.equal(await ended(result, status), "none");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
