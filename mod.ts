/** The parts of the agent that other programs can use. */

export type { AgentView, InvocationEntry, PriorityEntry } from "./api/agent_view.ts";
export { createApp } from "./api/app.ts";
export type { Enforcer, Orders } from "./enforce/enforcer.ts";
export { Learner, type LearnerOptions } from "./learn/learner.ts";
export type { FunctionPolicy, Policy, RankPoints } from "./learn/policy.ts";
export { simulateSrpt } from "./learn/simulate.ts";
export { attainedWhereRankExceeds, rankAt } from "./learn/table.ts";
export type { Invocation } from "./observe/invocation.ts";
export { parseRule, type Rule, RuleError } from "./observe/rules.ts";
export { RuleSet } from "./observe/rule_set.ts";
export type { Results, Summary } from "./bench/results.ts";
export type { Outcome, SimulateOptions } from "./simulate/outcome.ts";
export { POLICIES, simulate } from "./simulate/policies.ts";
export { makeWorkload, type Workload, type WorkloadInvocation } from "./simulate/workload.ts";
