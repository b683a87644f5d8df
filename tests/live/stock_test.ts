import { enforcerSuite } from "./enforcer_suite.ts";

enforcerSuite("stock");
