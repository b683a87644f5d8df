import { enforcerSuite } from "./enforcer_suite.ts";

for (const test of enforcerSuite("stock")) Deno.test(test);
