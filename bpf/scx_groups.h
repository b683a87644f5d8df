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
/*
 * What a group has used beyond its limit holds it up for so long at most; more is forgiven, as the kernel ends a scheduler that
 * lets a task wait for 30 s. Only a limit of less than a tick in each period on very many CPUs comes so far.
 */
#define MOST_DEBT_NS (10000 * MS)

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
	__u64 aside_ns; /* when a task was set aside last */
	__u64 limited; /* 1: it has a limit, and is counted in limited_groups */
	__u32 parent;
	__u32 weight;
	__u32 level; /* groups around it */
	__u32 generation; /* of the cgroups that have been this group */
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
	__u32 *number;
	__u64 id;
	int level;

	bpf_for(level, 0, CGROUP_DEPTH) {
		if (!cgrp)
			break;
		id = BPF_CORE_READ(cgrp, kn, id);
		number = bpf_map_lookup_elem(&group_numbers, &id);
		if (number)
			return *number;
		cgrp = BPF_CORE_READ(cgrp, self.parent, cgroup);
	}
	return 0;
}

/*
 * A group's sum or weight has changed: tells the groups around it. Where it changes again meanwhile it is told again, so that
 * of two CPUs that do this at once the older value does not stay.
 */
__noinline int group_changed(__u32 number)
{
	struct scx_group *g = group_at(number), *around;
	__s64 given, functions, sum, its;
	bool passed = false;
	__u32 weight;
	int step;

	for (step = 0; step < 2 * GROUP_DEPTH && number != 0; step++) {
		if (!g)
			break;
		sum = *(volatile __s64 *)&g->sum;
		its = *(volatile __s64 *)&g->functions;
		weight = *(volatile __u32 *)&g->weight;
		given = sum > 0 ? (__s64)weight << WEIGHT_SHIFT : 0;
		functions = sum > 0 && its > 0 ? (__u64)given * (__u64)its / (__u64)sum : 0;
		given -= (__s64)__sync_lock_test_and_set(&g->given, given);
		functions -= (__s64)__sync_lock_test_and_set(&g->given_functions, functions);
		around = group_at(g->parent);
		if (!around)
			break;
		if (given != 0 || functions != 0) {
			__sync_fetch_and_add(&around->sum, given);
			__sync_fetch_and_add(&around->functions, functions);
			passed = true;
		}
		if (*(volatile __s64 *)&g->sum != sum || *(volatile __s64 *)&g->functions != its ||
		    *(volatile __u32 *)&g->weight != weight)
			continue;
		if (!passed)
			break;
		passed = false;
		number = g->parent;
		g = around;
	}
	return 0;
}

/* Takes a task that wants a CPU no longer, or changes, out of its group's sums. */
static __always_inline void count_out(struct scx_task *t)
{
	__u32 counted = __sync_lock_test_and_set(&t->counted, 0);
	struct scx_group *g = group_at(t->group);
	__s64 weight = (__s64)counted << WEIGHT_SHIFT;

	/* The cgroup of a task that exits can be gone before the task: then its group has left the sums as a whole. */
	if (!counted || !g || g->generation != t->generation)
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

	if (t->counted || !g || !root || g->generation != t->generation)
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

/* Makes a task one of a cgroup's group. It is not counted. */
static __always_inline void join_group(struct scx_task *t, struct cgroup *cgrp)
{
	struct scx_group *g;

	t->group = group_number(cgrp);
	g = group_at(t->group);
	t->generation = g ? g->generation : 0;
	t->shares_group = g && g->cgroup_id != BPF_CORE_READ(cgrp, kn, id);
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

/* The limit of a cgroup, in each period; NO_LIMIT where it has none. */
static __always_inline __u64 limit_of(struct cgroup *cgrp, __u64 *period_ns, __u64 *burst_ns)
{
	struct task_group *tg = 0;
	__u32 cpu = bpf_core_enum_value(enum cgroup_subsys_id, cpu_cgrp_id);

	bpf_probe_read_kernel(&tg, sizeof(tg), (char *)cgrp + bpf_core_field_offset(cgrp->subsys) + cpu * 8);
	/* Its first member is what the cgroup points to. */
	if (!tg || !bpf_core_field_exists(tg->cfs_bandwidth.quota))
		return NO_LIMIT;
	*period_ns = BPF_CORE_READ(tg, cfs_bandwidth.period);
	*burst_ns = BPF_CORE_READ(tg, cfs_bandwidth.burst);
	return BPF_CORE_READ(tg, cfs_bandwidth.quota);
}

/* Ends the scheduler because of a CPU limit that it cannot keep; user space goes on without it, and shows the reason. */
static __always_inline void end_for_limit(__u64 cgroup_id)
{
	static char format[] = "there is no room for cgroup %llu, which has a CPU limit: it would not hold";
	unsigned long long data[] = { cgroup_id };

	scx_bpf_error_bstr(format, data, sizeof(data));
}

/* Looks now and then whether a cgroup for which there was no room has got a CPU limit: those of a running task. */
static __always_inline void watch_limits(struct scx_task *t, struct task_struct *p, __u64 now)
{
	struct scx_group *g = group_at(t->group);
	struct task_group *tg = 0;
	struct cgroup *cgrp;
	int level;

	if (!t->shares_group || !g || now - t->watched_ns < limit_read_ns || !bpf_core_field_exists(tg->cfs_bandwidth.quota))
		return;
	t->watched_ns = now;
	tg = BPF_CORE_READ(p, sched_task_group);
	bpf_for(level, 0, CGROUP_DEPTH) {
		cgrp = tg ? BPF_CORE_READ(tg, css.cgroup) : 0;
		if (!cgrp || BPF_CORE_READ(cgrp, kn, id) == g->cgroup_id)
			break;
		if (BPF_CORE_READ(tg, cfs_bandwidth.quota) != NO_LIMIT) {
			end_for_limit(BPF_CORE_READ(cgrp, kn, id));
			break;
		}
		tg = BPF_CORE_READ(tg, parent);
	}
}

/* Writes down whether a group has a limit. Whoever does so at once: the count of such groups stays right. */
static __always_inline void set_limited(struct scx_group *g, __u64 limited)
{
	__s64 change = (__s64)limited - (__s64)__sync_lock_test_and_set(&g->limited, limited);

	if (change != 0)
		__sync_fetch_and_add(&limited_groups, change);
}

/* Reads the group's limit, now and then; one CPU does. */
static __always_inline void read_limit(struct scx_group *g, __u64 now)
{
	struct cgroup *cgrp = (struct cgroup *)g->cgroup;
	__u64 quota, was = g->quota_ns, read_ns = g->read_ns;

	if (now - read_ns < limit_read_ns || !cgrp)
		return;
	if (__sync_val_compare_and_swap(&g->read_ns, read_ns, now) != read_ns)
		return;
	quota = limit_of(cgrp, &g->period_ns, &g->burst_ns);
	if (quota == was)
		return;
	if (was == NO_LIMIT) {
		g->budget_ns = quota;
		g->period_end_ns = now + g->period_ns;
	}
	g->quota_ns = quota;
	set_limited(g, quota != NO_LIMIT);
}

/* In how many periods what was used too much is paid back at most. */
static __always_inline __u64 debt_periods(__u64 period_ns)
{
	return period_ns && period_ns < MOST_DEBT_NS ? MOST_DEBT_NS / period_ns : 1;
}

/* Begins a new period where the last one is over. */
static __always_inline void refill(struct scx_group *g, __u64 now)
{
	__u64 end_ns = g->period_end_ns, period_ns = g->period_ns, quota_ns = g->quota_ns, periods, most;
	__s64 budget_ns, most_ns;

	if (before(now, end_ns) || !period_ns || quota_ns == NO_LIMIT)
		return;
	periods = (now - end_ns) / period_ns + 1;
	if (__sync_val_compare_and_swap(&g->period_end_ns, end_ns, end_ns + periods * period_ns) != end_ns)
		return;
	most = debt_periods(period_ns) + 1;
	if (periods > most)
		periods = most;
	most_ns = quota_ns + g->burst_ns;
	budget_ns = g->budget_ns + (__s64)(periods * quota_ns);
	g->budget_ns = budget_ns < most_ns ? budget_ns : most_ns;
}

/* Takes `ran_ns` of CPU time off the budgets of a task's groups. */
__noinline int charge_groups(__u32 number, __u64 ran_ns, __u64 now)
{
	struct scx_group *g;
	__u64 quota_ns;
	int level;

	for (level = 0; level < GROUP_DEPTH && number != 0; level++) {
		g = group_at(number);
		if (!g)
			break;
		read_limit(g, now);
		quota_ns = g->quota_ns;
		if (quota_ns != NO_LIMIT) {
			refill(g, now);
			if (g->budget_ns > -(__s64)(debt_periods(g->period_ns) * quota_ns))
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
