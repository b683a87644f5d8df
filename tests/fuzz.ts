/** Generated input for the tests that fuzz: run by fast-check, which prints a failing case as small as it can make it. */
import fc from "fast-check";

/** How often each property is tried; more with `ALPS_FUZZ_RUNS`. */
const RUNS = Number(Deno.env.get("ALPS_FUZZ_RUNS") ?? 300);

/** Tries a property often. */
export function often<Ts>(property: fc.IAsyncProperty<Ts> | fc.IProperty<Ts>): Promise<void> {
  return Promise.resolve(fc.assert(property as fc.IAsyncProperty<Ts>, { numRuns: RUNS }));
}

/** Any text: plain, of any code points, with halves of pairs, with what rules and shells give a meaning to. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
    .map((units) => units.map((unit) => String.fromCharCode(unit)).join("")),
  fc.array(
    fc.constantFrom(
      ..."=:;\\{}*?/.()[]|+<>\"'\n\0 ",
      "{function}",
      "(?<function>",
      "exe:",
      "comm:",
      "**",
      "mode=",
      "é",
    ),
    { maxLength: 20 },
  ).map((parts) => parts.join("")),
);

/** Mostly what is right, otherwise anything: what is refused at the door exercises nothing behind it. */
export function mostly<T, U>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<U>): fc.Arbitrary<T | U> {
  return fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: wrong });
}

/** Rules that can be used as they are. */
export const rightRules: fc.Arbitrary<string> = fc.constantFrom(
  ...[
    "exe:/srv/{function}",
    "comm:alps-fuzz-*",
    "cgroup:/a/{function}/**",
    "cmd:--f=(?<function>\\w+)",
    "fib=pid:17",
  ],
  ...[
    "fib=exe:/opt/**/fib",
    "a/b ü=comm:?x",
    "f=cmd:^(a|b)*c{2,3}$;mode=process",
    "cgroup:/x\\;y/{function};mode=auto",
  ],
);

/** A rule, or something like one. */
export const ruleText: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: rightRules },
  { weight: 1, arbitrary: anyText },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.option(mostly(fc.constantFrom("fib", "a b", "ü"), anyText).map((name) => `${name}=`), { nil: "" }),
      mostly(fc.constantFrom("exe", "comm", "cmd", "cgroup", "pid"), fc.constantFrom("user", "", "EXE")),
      fc.oneof(
        anyText,
        fc.constantFrom("/srv/{function}", "fib*", "--f=(?<function>\\w+)", "17", "**", "[ab]+"),
      ),
      mostly(
        fc.constantFrom("", ";mode=process", ";mode=auto", ";gap_ms=5", ";mode=auto;gap_ms=0.1"),
        fc.constantFrom(";gap_ms=0", ";x", ";mode=", ";mode=warm;mode=warm", ";"),
      ),
    ).map(([name, kind, pattern, options]) => `${name}${kind}:${pattern}${options}`),
  },
);

/** A value as a body may have it: nearly right, or anything. */
export const fieldValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.integer(),
  fc.constantFrom(0, 1, 99, 200_001, 604_801, 1_000_001, 0.5, -1, 1e300, null, true, "", "1", [], {}),
  anyText,
  fc.jsonValue({ maxDepth: 2 }),
);
