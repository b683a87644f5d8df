/** Seeded random numbers, which reading a trace of counts needs too: they are in `traces/`. */
export { normal, type Random, randomNumbers, shuffle } from "../traces/random.ts";
