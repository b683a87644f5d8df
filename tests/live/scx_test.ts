import { enforcerSuite } from "./enforcer_suite.ts";
import { withSchedExt } from "./scx_scene.ts";

for (const test of enforcerSuite("scx")) Deno.test(withSchedExt(test));
