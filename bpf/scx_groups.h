/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cgroups: what a task weighs against all others of the machine, and CPU limits.
 *
 * Weights are as in the kernel's default scheduler: within a cgroup its tasks and the cgroups in it compete, each with its
 * weight, those only that have somebody who wants a CPU. Every group keeps the sum of these, and how much of it is
 * functions'. A change is passed on to the group around it until nothing changes there: with that a task's effective weight
 * is a product along its path, and the functions' together is one number at the root.
 *
 * Limits are read from the kernel's own record of them (struct cfs_bandwidth), which it keeps whatever scheduler runs. Each
 * group with a limit has a budget that its periods fill up. A task whose group, or one around it, has none left is set aside
 * until the period's end. What a task uses too much until the tick comes is taken off the next period's.
 */
#ifndef ALPS_SCX_GROUPS_H
#define ALPS_SCX_GROUPS_H

/* Weights have this many binary places more: 100 is a nice value of 0. */
#define WEIGHT_SHIFT 10
#define NO_LIMIT (~0ull)
/* A group's debt is forgiven beyond so many periods' quota: after a long stint of many CPUs it is held up no longer. */
#define MOST_DEBT 10

struct scx_group {
	__u64 cgroup_id; /* 0: free */
	__u64 cgroup; /* the kernel's record of it */
	__s64 sum; /* of the weights in it that want a CPU */
	__s64 functions; /* how much of that is functions' */
	__s64 given; /* what it adds to the sum around it, and to the functions' there */
	__s64 given_functions;
	__u64 read_ns; /* when the limit was read last */
	__u64 quota_ns; /* NO_LIMIT, or CPU time in each period */
	__u64 period_ns;
	__u64 burst_ns; /* that it may save up */
	__u64 period_end_ns;
	__s64 budget_ns; /* left in this period */
	__u32 parent;
	__u32 weight;
	struct bpf_timer timer; /* at the period's end, where tasks are set aside */
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_GROUPS);
	__type(key, __u32);
	__type(value, struct scx_group);
} groups SEC(".maps");

/* Groups with a limit: none, and nobody looks. */
__s64 limited_groups;

/* By the cgroup's id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_GROUPS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u32);
} group_numbers SEC(".maps");

static __always_inline struct scx_group *group_at(__u32 number)
{
	return bpf_map_lookup_elem(&groups, &number);
}

/* The group of a cgroup, or else of the nearest around it; 0 is the root. */
static __always_inline __u32 group_number(struct cgroup *cgrp)
{
	__u64 id = cgrp ? BPF_CORE_READ(cgrp, kn, id) : 0;
	__u32 *number = bpf_map_lookup_elem(&group_numbers, &id);

	return number ? *number : 0;
}

/* A group's sum or weight has changed: tells the groups around it. */
__noinline int group_changed(__u32 number)
{
	struct scx_group *g = group_at(number), *around;
	__s64 given, functions, sum, its;
	int level;

	for (level = 0; level < GROUP_DEPTH && number != 0; level++) {
		if (!g)
			break;
		sum = g->sum;
		its = g->functions;
		given = sum > 0 ? (__s64)g->weight << WEIGHT_SHIFT : 0;
		functions = sum > 0 && its > 0 ? (__u64)given * (__u64)its / (__u64)sum : 0;
		given -= (__s64)__sync_lock_test_and_set(&g->given, given);
		functions -= (__s64)__sync_lock_test_and_set(&g->given_functions, functions);
		if (given == 0 && functions == 0)
			break;
		number = g->parent;
		around = group_at(number);
		if (!around)
			break;
		__sync_fetch_and_add(&around->sum, given);
		__sync_fetch_and_add(&around->functions, functions);
		g = around;
	}
	return 0;
}

/* Takes a task that wants a CPU no longer, or changes, out of its group's sums. */
static __always_inline void count_out(struct scx_task *t)
{
	struct scx_group *g = group_at(t->group);
	__s64 weight = (__s64)t->counted << WEIGHT_SHIFT;

	if (!t->counted)
		return;
	t->counted = 0;
	if (!g)
		return;
	__sync_fetch_and_add(&g->sum, -weight);
	if (t->counted_kind == FUNCTION)
		__sync_fetch_and_add(&g->functions, -weight);
	group_changed(t->group);
}

/* Counts a task that wants a CPU. */
static __always_inline void count_in(struct scx_task *t, struct task_struct *p)
{
	struct scx_group *g = group_at(t->group), *root = group_at(0);
	__s64 weight;

	if (t->counted || !g || !root)
		return;
	/* The functions as a whole come back: as any task that has slept. */
	if (t->kind == FUNCTION && root->functions <= 0 && before(function_time, other_time - credit_ns))
		function_time = other_time - credit_ns;
	t->counted = p->scx.weight ?: 1;
	t->counted_kind = t->kind;
	weight = (__s64)t->counted << WEIGHT_SHIFT;
	__sync_fetch_and_add(&g->sum, weight);
	if (t->kind == FUNCTION)
		__sync_fetch_and_add(&g->functions, weight);
	group_changed(t->group);
}

/* What a task with this weight in its group weighs against all others of the machine. */
__noinline __u64 weight_along(__u32 number, __u32 own)
{
	__u64 weight = (__u64)own << WEIGHT_SHIFT;
	struct scx_group *g;
	int level;

	for (level = 0; level < GROUP_DEPTH && number != 0; level++) {
		g = group_at(number);
		if (!g)
			break;
		if (g->sum > 0)
			weight = weight * ((__u64)g->weight << WEIGHT_SHIFT) / (__u64)g->sum;
		number = g->parent;
	}
	return weight ?: 1;
}

static __always_inline __u64 effective_weight(struct scx_task *t, struct task_struct *p)
{
	return weight_along(t->group, p->scx.weight ?: 1);
}

/* What the functions together weigh. */
static __always_inline __u64 functions_weight(void)
{
	struct scx_group *root = group_at(0);

	return root && root->functions > 0 ? root->functions : 100 << WEIGHT_SHIFT;
}

/* Weighted-fair time that `ran_ns` of CPU time are, with an effective weight. */
static __always_inline __u64 weighted(__u64 ran_ns, __u64 weight)
{
	return ran_ns * (100 << WEIGHT_SHIFT) / weight;
}

/* Reads the group's limit, now and then. */
static __always_inline void read_limit(struct scx_group *g, __u64 now)
{
	struct cgroup *cgrp = (struct cgroup *)g->cgroup;
	struct task_group *tg = 0;
	__u64 quota = NO_LIMIT, was = g->quota_ns;
	__u32 cpu = bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);

	if (now - g->read_ns < limit_read_ns || !cgrp)
		return;
	g->read_ns = now;
	bpf_probe_read_kernel(&tg, sizeof(tg), (char *)cgrp + bpf_core_field_offset(cgrp->subsys) + cpu * 8);
	/* Its first member is what the cgroup points to. */
	if (tg && bpf_core_field_exists(tg->cfs_bandwidth.quota)) {
		quota = BPF_CORE_READ(tg, cfs_bandwidth.quota);
		g->period_ns = BPF_CORE_READ(tg, cfs_bandwidth.period);
		g->burst_ns = BPF_CORE_READ(tg, cfs_bandwidth.burst);
	}
	if (quota == was)
		return;
	if (was == NO_LIMIT) {
		g->budget_ns = quota;
		g->period_end_ns = now + g->period_ns;
		__sync_fetch_and_add(&limited_groups, 1);
	} else if (quota == NO_LIMIT) {
		__sync_fetch_and_add(&limited_groups, -1);
	}
	g->quota_ns = quota;
}

/* Begins a new period where the last one is over. */
static __always_inline void refill(struct scx_group *g, __u64 now)
{
	__u64 end_ns = g->period_end_ns, period_ns = g->period_ns, periods;
	__s64 budget_ns, most_ns;

	if (before(now, end_ns) || !period_ns)
		return;
	periods = (now - end_ns) / period_ns + 1;
	if (__sync_val_compare_and_swap(&g->period_end_ns, end_ns, end_ns + periods * period_ns) != end_ns)
		return;
	if (periods > MOST_DEBT)
		periods = MOST_DEBT;
	most_ns = g->quota_ns + g->burst_ns;
	budget_ns = g->budget_ns + (__s64)(periods * g->quota_ns);
	g->budget_ns = budget_ns < most_ns ? budget_ns : most_ns;
}

/* Takes `ran_ns` of CPU time off the budgets of a task's groups. */
__noinline int charge_groups(__u32 number, __u64 ran_ns, __u64 now)
{
	struct scx_group *g;
	int level;

	for (level = 0; level < GROUP_DEPTH && number != 0; level++) {
		g = group_at(number);
		if (!g)
			break;
		read_limit(g, now);
		if (g->quota_ns != NO_LIMIT) {
			refill(g, now);
			if (g->budget_ns > -(__s64)(MOST_DEBT * g->quota_ns))
				__sync_fetch_and_add(&g->budget_ns, -ran_ns);
		}
		number = g->parent;
	}
	return 0;
}

__noinline __u32 find_limit(__u32 number, __u64 now)
{
	struct scx_group *g;
	int level;

	for (level = 0; level < GROUP_DEPTH && number != 0; level++) {
		g = group_at(number);
		if (!g)
			break;
		if (g->quota_ns != NO_LIMIT) {
			refill(g, now);
			if (g->budget_ns <= 0)
				return number + 1;
		}
		number = g->parent;
	}
	return 0;
}

/* The first of a task's groups that has used up its limit, + 1; 0 where none has. */
static __always_inline __u32 limited_by(__u32 number, __u64 now)
{
	return limited_groups > 0 ? find_limit(number, now) : 0;
}

/* A free group, taken for a cgroup; its number, or 0 where there is none. */
static __always_inline __u32 take_group(__u64 cgroup_id)
{
	struct scx_group *g;
	__u32 i, number;

	bpf_for(i, 0, MAX_GROUPS - 1) {
		number = 1 + (__u32)(cgroup_id + i) % (MAX_GROUPS - 1);
		g = group_at(number);
		if (g && !g->cgroup_id && __sync_val_compare_and_swap(&g->cgroup_id, 0, cgroup_id) == 0)
			return number;
	}
	return 0;
}

#endif
