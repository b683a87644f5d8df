import { withPatchedCfs } from "./cfs_scene.ts";
import { enforcerSuite } from "./enforcer_suite.ts";

for (const test of enforcerSuite("cfs")) Deno.test(withPatchedCfs(test));
