/** The parts of the agent that other programs can use. */

export type { AgentView, InvocationEntry, PriorityEntry } from "./api/agent_view.ts";
export { createApp } from "./api/app.ts";
export type { Enforcer, Orders } from "./enforce/enforcer.ts";
export { CpuHistory } from "./learn/history.ts";
export { Learner, type LearnerOptions } from "./learn/learner.ts";
export { type Expectation, type Predictor, predictorNamed, PREDICTORS } from "./learn/predict/mod.ts";
export type { FunctionPolicy, Policy, RankPoints, RankTable } from "./learn/policy.ts";
export { simulateSrpt } from "./learn/simulate.ts";
export { attainedWhereRankExceeds, rankAt } from "./learn/table.ts";
export type { Invocation } from "./observe/invocation.ts";
export { parseRule, type Rule, RuleError } from "./observe/rules.ts";
export { RuleSet } from "./observe/rule_set.ts";
export type { Results, Summary } from "./bench/results.ts";
export type { Outcome, SimulateOptions } from "./simulate/outcome.ts";
export { POLICIES, simulate } from "./simulate/policies.ts";
export { type RunInvocations, type WhatIf, whatIf } from "./simulate/whatif.ts";
export { makeWorkload, type Workload, type WorkloadInvocation } from "./simulate/workload.ts";
export { parseTrace, type TraceRow } from "./traces/alps.ts";
export type { TraceEntry } from "./traces/entry.ts";
export { TraceError } from "./traces/error.ts";
export { type ReadOptions, readTrace } from "./traces/read.ts";
