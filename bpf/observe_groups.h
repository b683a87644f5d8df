/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In which group a task is scheduled: a cgroup of the cpu controller, or the autogroup of its session. Only tasks of one
 * group compete with each other directly; between groups, the groups' weights decide.
 */
#ifndef ALPS_OBSERVE_GROUPS_H
#define ALPS_OBSERVE_GROUPS_H

/* Groups in groups that are told of one task. */
enum { GROUP_DEPTH = 16 };
/* A process this young may be a function's that has not called exec or changed its name yet. */
#define FOREIGN_AGE_NS 100000000ull

static __always_inline struct alps_group group_of(struct task_group *tg)
{
	struct alps_group g = {};
	struct autogroup *autogroup = 0;

	if (bpf_core_field_exists(tg->autogroup))
		autogroup = tg->autogroup;
	if (autogroup && autogroup->id) {
		g.kind = ALPS_GROUP_AUTOGROUP;
		g.id = autogroup->id;
	} else if (tg->parent) {
		g.kind = ALPS_GROUP_CGROUP;
		g.id = tg->css.cgroup->kn->id;
	}
	return g;
}

/* Remembers in which group the invocation's task is. */
static __always_inline void note_group(struct alps_slot *s, struct task_struct *p)
{
	struct alps_group g;

	if (!bpf_core_field_exists(p->sched_task_group))
		return;
	g = group_of(p->sched_task_group);
	s->group_kind = g.kind;
	s->group_id = g.id;
}

/* kernel/sched/sched.h, RUNTIME_INF: the group has no limit of its own. */
#define NO_CPU_LIMIT (~0ull)

/* Whether `p`'s group, or one around it, has a limit of CPU time in each period (cpu.max, cpu.cfs_quota_us). */
static __always_inline bool has_cpu_limit(struct task_struct *p)
{
	struct task_group *tg = 0;
	int i;

	if (!bpf_core_field_exists(p->sched_task_group) || !bpf_core_field_exists(tg->cfs_bandwidth.quota))
		return false;
	tg = p->sched_task_group;
	for (i = 0; i < GROUP_DEPTH; i++) {
		if (!tg)
			break;
		if (tg->cfs_bandwidth.quota != NO_CPU_LIMIT)
			return true;
		tg = tg->parent;
	}
	return false;
}

/* Whether `p` belongs to no invocation; ones that are exiting, and ones that have only just come, are left out. */
static __always_inline bool is_foreign(struct task_struct *p)
{
	struct alps_task *t;

	if (p->flags & (PF_KTHREAD | PF_EXITING) || bpf_ktime_get_ns() - p->start_time < FOREIGN_AGE_NS)
		return false;
	t = bpf_task_storage_get(&tasks, p, 0, 0);
	return !t || !t->slot;
}

/*
 * The id of the cgroup of the cpu controller that `p` is in, as its folder's inode; 0 where that cannot be told. Autogroups are
 * made of the root's tasks alone; the root of a hierarchy is its first node (kernfs_create_root()).
 */
static __always_inline __u64 cgroup_id_of(struct task_struct *p)
{
	struct alps_group g;

	if (!bpf_core_field_exists(p->sched_task_group))
		return 0;
	g = group_of(p->sched_task_group);
	return g.kind == ALPS_GROUP_CGROUP ? g.id : 1;
}

/* Where `p` is in a cgroup that only helps a function: the id of the pod's cgroup, up to which it does so; else 0. */
static __always_inline __u64 helped_pod(struct task_struct *p)
{
	__u64 id = cgroup_id_of(p), *pod = bpf_map_lookup_elem(&helper_groups, &id);

	return pod ? *pod : 0;
}

/* Tells `p`'s group and the ones around it; only those around the group `within`, where that is not 0. */
static __always_inline void write_groups(struct seq_file *seq, struct task_struct *p, __u64 within)
{
	struct task_group *tg;
	struct alps_group g;
	int i;

	if (!bpf_core_field_exists(p->sched_task_group))
		return;
	tg = p->sched_task_group;
	for (i = 0; i < GROUP_DEPTH; i++) {
		if (!tg)
			break;
		g = group_of(tg);
		if (g.kind == ALPS_GROUP_ROOT)
			break;
		if (!within)
			bpf_seq_write(seq, &g, sizeof(g));
		else if (g.kind == ALPS_GROUP_CGROUP && g.id == within)
			within = 0;
		if (g.kind == ALPS_GROUP_AUTOGROUP)
			break;
		tg = tg->parent;
	}
}

#endif
