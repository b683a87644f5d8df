/**
 * What goes in and out over HTTP: one definition each for validation, types and the OpenAPI document.
 */
import { z } from "@hono/zod-openapi";
import { show } from "./problem.ts";

/** Most invocations that one request may ask for. */
export const MAX_INVOCATIONS = 10_000;

/** Answers. The fields of `agent_view.ts`, in the same order. */

const id = z.string().openapi({ description: "The function's id", example: "3" });
const microseconds = z.number().nonnegative().openapi({ description: "Microseconds" });
const instant = z.string().openapi({ format: "date-time", example: "2026-03-01T12:00:00.123456Z" });
const mode = z.enum(["process", "warm", "auto"]);

export const PriorityEntrySchema = z.object({
  name: z.string().openapi({ example: "fib" }),
  id,
  priority: z.int().openapi({ description: "1 runs first" }),
  slice_us: microseconds,
  source: z.enum(["learned", "pinned"]),
  predicted_cpu_us: microseconds,
  invocations: z.int().nonnegative(),
  updated_at: instant,
}).openapi("PriorityEntry");

export const PrioritiesSchema = z.object({
  epoch: z.int().nonnegative(),
  backend: z.string(),
  ml: z.string(),
  slice_enforced: z.boolean(),
  cpu_utilization: z.number().openapi({ description: "Percent, 0 to 100" }),
  functions: z.array(PriorityEntrySchema).openapi({ description: "By priority" }),
}).openapi("Priorities");

const turnaround = z.object({ mean_ms: z.number(), p99_ms: z.number() });

const whatIfEntry = {
  invocations: z.int().nonnegative(),
  cpu_ms: z.number().openapi({ description: "Mean CPU time" }),
  measured: turnaround,
  fair: turnaround.openapi({ description: "Under processor sharing, the ideal of the kernel's default" }),
  policy: turnaround.openapi({ description: "Under the policy in force" }),
  oracle: turnaround.openapi({ description: "Under SRPT, told all CPU times: the bound" }),
};

const gap = z.number().nullable().openapi({
  description: "Of the way from the fair ideal to the oracle in mean turnaround; null where there is none",
});

export const WhatIfSchema = z.object({
  minutes: z.number(),
  since: instant,
  until: instant,
  cores: z.int().positive(),
  load: z.number().openapi({ description: "CPU time of functions over cores × span" }),
  backend: z.string(),
  ml: z.string(),
  epoch: z.int().nonnegative(),
  gap_closed: z.object({ measured: gap, policy: gap }),
  all: z.object(whatIfEntry),
  functions: z.array(z.object({ name: z.string(), ...whatIfEntry })).openapi({
    description: "Those with most CPU time first, 200 at most",
  }),
}).openapi("WhatIf");

export const RuleEntrySchema = z.object({
  id: z.string(),
  name: z.string().optional(),
  rule: z.string().openapi({ example: "exe:/srv/functions/{function}" }),
  mode,
  gap_ms: z.number().optional().openapi({
    description: "Mode warm: a longer idle period ends an invocation",
  }),
  from: z.enum(["command line", "configuration", "http", "discovery"]),
}).openapi("Rule");

export const FunctionEntrySchema = z.object({
  name: z.string(),
  id,
  platform: z.string().openapi({ description: '"rule" where a rule named the function' }),
  rule_id: z.string().openapi({ description: '"discovery" where no rule named the function' }),
  found_by: z.string().openapi({ description: "What told its name: a rule, a label, a path" }),
  mode: z.enum(["process", "warm"]).openapi({
    description: "In force; with a rule of mode auto, as was seen",
  }),
  gap_ms: z.number().optional().openapi({
    description: "Mode warm: a longer idle period ends an invocation; as the rule says, or as was learned",
  }),
  instances: z.int().nonnegative().openapi({ description: "Alive now" }),
  overlapped: z.int().nonnegative().openapi({
    description: "Warm invocations with several tasks at work at once: requests that overlap look like one",
  }),
  cgroups: z.array(z.string()),
}).openapi("Function");

export const UnknownEntrySchema = z.object({ cgroup: z.string(), pid: z.int(), hint: z.string() }).openapi(
  "Unknown",
);

export const PlatformEntrySchema = z.object({
  name: z.string(),
  state: z.enum(["working", "failing", "absent"]),
  detail: z.string(),
}).openapi("Platform");

export const FunctionsSchema = z.object({
  rules: z.array(RuleEntrySchema),
  functions: z.array(FunctionEntrySchema),
  unknown: z.array(UnknownEntrySchema),
  platforms: z.array(PlatformEntrySchema).openapi({ description: "Where functions are looked for" }),
}).openapi("Functions");

export const InvocationEntrySchema = z.object({
  function: z.string(),
  function_id: id,
  pid: z.int(),
  kind: z.enum(["process", "warm"]),
  start: instant,
  end: instant,
  cpu_us: microseconds,
  wait_us: microseconds,
  turnaround_us: microseconds,
  execution_us: microseconds,
  preemptions: z.int().nonnegative(),
}).openapi("Invocation");

export const InvocationsSchema = z.object({
  invocations: z.array(InvocationEntrySchema).openapi({ description: "Newest first" }),
}).openapi("Invocations");

export const EnforcementSchema = z.object({
  enabled: z.boolean().openapi({ description: "Whether the order is enforced now" }),
  by: z.enum(["start", "person", "guard"]).openapi({ description: "Who has it so" }),
  since: instant,
  reason: z.string().optional().openapi({ description: "Why it is off" }),
  tries_again: instant.optional().openapi({ description: "When the guard tries again" }),
}).openapi("Enforcement");

export const HealthSchema = z.object({ status: z.literal("ok") }).openapi("Health");

export const PartSchema = z.object({
  state: z.enum(["working", "starting", "stopping", "off", "not working"]),
  reason: z.string().optional().openapi({ description: "Shown to those who may read" }),
}).openapi("Part");

export const ReadySchema = z.object({
  ready: z.literal(true),
  observing: PartSchema,
  learning: PartSchema,
  enforcing: PartSchema,
}).openapi("Ready");

export const ProblemSchema = z.object({
  type: z.string().openapi({ example: "about:blank" }),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  errors: z.array(z.object({ field: z.string(), message: z.string() })).optional(),
  reasons: z.array(z.string()).optional().openapi({ description: "GET /readyz only" }),
  observing: PartSchema.optional().openapi({ description: "GET /readyz only" }),
  learning: PartSchema.optional().openapi({ description: "GET /readyz only" }),
  enforcing: PartSchema.optional().openapi({ description: "GET /readyz only" }),
}).openapi("Problem");

/** Requests. Each message says what was wanted and what came instead. */

export const NamePathSchema = z.object({
  name: z.string().openapi({
    param: { name: "name", in: "path" },
    description: "A function's name, percent-encoded (a slash is %2F)",
    example: "fib",
  }),
});

export const RulePathSchema = z.object({
  rule: z.string().openapi({
    param: { name: "rule", in: "path" },
    description: "A rule's id or name, percent-encoded",
    example: "7",
  }),
});

export const PinSchema = body({
  priority: wholeNumber(1, 1_000_000).optional().openapi({ description: "1 runs first" }),
  slice_us: wholeNumber(100, 200_000).optional().openapi({ description: "Time slice in microseconds" }),
  ttl_s: wholeNumber(1, 604_800).optional().openapi({
    description: "Seconds until the pin ends; without it, never",
  }),
}).refine((pin) => Object.values(pin).some((value) => value !== undefined), {
  error: "must have at least one of priority, slice_us, ttl_s",
}).openapi("Pin", { minProperties: 1 });

export const NewRuleSchema = body({
  name: text(255).optional().openapi({
    description: "The function's name; without it, {function} in the rule",
  }),
  rule: text(4096).openapi({ description: "KIND:PATTERN", example: "exe:/srv/functions/{function}" }),
  mode: z.enum(["process", "warm", "auto"], {
    error: ({ input }) => wanted("one of process, warm, auto", input),
  }).optional(),
  gap_ms: z.number({ error: wrongGap }).min(0.1, { error: wrongGap }).max(60_000, { error: wrongGap })
    .optional()
    .openapi({ description: "Mode warm: the idle time that ends an invocation, in milliseconds" }),
}).openapi("NewRule");

export const BoundarySchema = body({
  event: z.enum(["start", "end"], { error: ({ input }) => wanted("start or end", input) }),
  container: text(255).optional().openapi({ description: "The container's id" }),
  pid: wholeNumber(1, 4_194_304).optional().openapi({ description: "Any process of the instance" }),
}).refine(({ container, pid }) => (container === undefined) !== (pid === undefined), {
  error: "must have one of container, pid",
}).openapi("Boundary");

export const InstanceSchema = z.object({
  function: z.string(),
  function_id: id,
  pid: z.int().openapi({ description: "The instance's first process" }),
}).openapi("Instance");

export const SwitchSchema = body({
  enabled: z.boolean({ error: ({ input }) => wanted("true or false", input) }),
}).openapi("Switch");

const LIMIT = `a whole number from 1 to ${MAX_INVOCATIONS}`;

/** Most minutes that one request may ask for. */
export const MAX_MINUTES = 60;
const MINUTES = `a number from 0.1 to ${MAX_MINUTES}`;

export const WhatIfQuerySchema = z.strictObject({
  minutes: z.string({ error: ({ input }) => wanted(MINUTES, input) })
    .regex(/^\d{1,4}(\.\d{1,6})?$/, { error: ({ input }) => wanted(MINUTES, input), abort: true })
    .transform(Number)
    .refine((minutes) => minutes >= 0.1 && minutes <= MAX_MINUTES, {
      error: ({ input }) => wanted(MINUTES, input),
    })
    .optional()
    .openapi({ type: "number", minimum: 0.1, maximum: MAX_MINUTES, default: 10 }),
}, { error: (issue) => unknownKeys(issue, ["minutes"]) });

export const InvocationsQuerySchema = z.strictObject({
  // Text to number by hand: coercion would take "1e3", "0x10" and " 5" too.
  limit: z.string({ error: ({ input }) => wanted(LIMIT, input) })
    .regex(/^\d{1,9}$/, { error: ({ input }) => wanted(LIMIT, input), abort: true })
    .transform(Number)
    .refine((limit) => limit >= 1 && limit <= MAX_INVOCATIONS, { error: ({ input }) => wanted(LIMIT, input) })
    .optional()
    .openapi({ type: "integer", minimum: 1, maximum: MAX_INVOCATIONS, default: 100 }),
  function: z.string({ error: ({ input }) => wanted("one function's name", input) }).optional()
    .openapi({ description: "Only this function's; empty means all" }),
}, { error: (issue) => unknownKeys(issue, ["limit", "function"]) });

function wrongGap({ input }: { input?: unknown }): string {
  return wanted("a number from 0.1 to 60000", input);
}

/** An object with these fields and no others. */
function body<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => unknownKeys(issue, Object.keys(shape)) ?? wanted("a JSON object", issue.input),
  });
}

/** A whole number of a range, both ends included. */
function wholeNumber(least: number, most: number) {
  const error = ({ input }: { input?: unknown }) => wanted(`a whole number from ${least} to ${most}`, input);
  return z.int({ error }).min(least, { error }).max(most, { error });
}

/** Text of 1 to `most` characters. A NUL character can be in no path, name or command line. */
function text(most: number) {
  const error = ({ input }: { input?: unknown }) => wanted(`text of 1 to ${most} characters`, input);
  return z.string({ error }).min(1, { error }).max(most, { error })
    .refine((value) => !value.includes("\0"), { error: "must not contain a NUL character" });
}

function wanted(what: string, input: unknown): string {
  return input === undefined ? `must be given: ${what}` : `must be ${what}, not ${show(input)}`;
}

function unknownKeys(issue: { code?: string | undefined }, known: string[]): string | undefined {
  return issue.code === "unrecognized_keys" ? `is not known here; known are ${known.join(", ")}` : undefined;
}
