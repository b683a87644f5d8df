/** Where an installed agent is. */

/** The one file. */
export const EXECUTABLE = "/usr/local/bin/alps-agent";
/** The systemd service. */
export const UNIT = "/etc/systemd/system/alps-agent.service";
/** What `systemctl enable` makes. */
export const ENABLED = "/etc/systemd/system/multi-user.target.wants/alps-agent.service";
/** The configuration, which is its user's from the first installation on. */
export const CONFIG = "/etc/alps/agent.json";
/** The state folder, with the journal of changes and what was learned. */
export const STATE = "/var/lib/alps";

/** Whether something is at a path, be it a link to nowhere. */
export function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
