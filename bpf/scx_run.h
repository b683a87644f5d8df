/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is looked at and accounted while tasks run: whose task it is, what it has used, whether somebody better waits, and
 * which CPU to take from whom.
 */
#ifndef ALPS_SCX_RUN_H
#define ALPS_SCX_RUN_H

/* Waiting tasks that are looked at for one that may run on a CPU. */
#define PEEKS 16

/*
 * The key of a queue's first task that may run on the CPU. Returns false where there is none. Where many are pinned elsewhere,
 * and `guess`, it is the key of the first one not looked at: one that may run here has none lower, if there is one. `likely`:
 * the queue is hardly ever empty, and is not asked first. Not static: see scx.bpf.c.
 */
__noinline bool peek_at(__u64 queue, __s32 cpu, __u64 *key, bool guess, bool likely)
{
	struct task_struct *p;
	bool found = false;
	int looked = 0;

	if (!key || (!likely && scx_bpf_dsq_nr_queued(queue) <= 0))
		return false;
	bpf_rcu_read_lock();
	bpf_for_each(scx_dsq, p, queue, 0) {
		if (looked++ < PEEKS && !bpf_cpumask_test_cpu(cpu, p->cpus_ptr))
			continue;
		*key = p->scx.dsq_vtime;
		found = guess || looked <= PEEKS;
		break;
	}
	bpf_rcu_read_unlock();
	return found;
}

static __always_inline bool peek(__u64 queue, __s32 cpu, __u64 *key)
{
	return peek_at(queue, cpu, key, true, false);
}

/* Where a task that is new, or has slept, begins in weighted-fair time: a little before those that are there. */
static __always_inline __u64 entry_time(void)
{
	struct scx_group *root = group_at(0);
	__s64 time = other_time;

	if (root && root->functions > 0 && before(function_time, time))
		time = function_time;
	return time - credit_ns;
}

/* Moves the others' weighted-fair time on to `time`, but not past what waits; `first`: that waits for longer anyway. */
static __always_inline void advance(__u64 time, __s32 cpu, bool first)
{
	__u64 waiting = 0;

	if (!before(other_time, time))
		return;
	if (!first && peek_at(OTHERS, cpu, &waiting, false, false) && before(waiting, time))
		time = waiting;
	if (before(other_time, time))
		other_time = time;
}

/* Accounts what a running task has used since that was done last. */
static __always_inline void account(struct scx_task *t, struct task_struct *p, __u64 now)
{
	__u64 since_ns = __sync_lock_test_and_set(&t->on_ns, now), ran_ns = now - since_ns;

	if (!since_ns || (__s64)ran_ns <= 0)
		return;
	ran_ns += t->saved_ns;
	if (ran_ns < least_account_ns && limited_groups <= 0) {
		t->saved_ns = ran_ns;
		return;
	}
	t->saved_ns = 0;
	charge_groups(t->group, ran_ns, now);
	watch_limits(t, p, now);
	if (t->kind == FUNCTION) {
		__sync_fetch_and_add(&function_time, weighted(ran_ns, functions_weight()));
		/* No more than two turns: where nobody waits, nothing is saved up. */
		if (floor_ns < 2 * floor_part * overdue_run_ns)
			__sync_fetch_and_add(&floor_ns, ran_ns);
		if (before(function_time, other_time - lag_ns))
			function_time = other_time - lag_ns;
	} else {
		/*
		 * However far it is behind: the others' time is that of the fastest CPU, and tasks that are tied to a slower one
		 * keep their weights among themselves. It catches up where it wakes up, and where its CPUs change.
		 */
		t->time += weighted(ran_ns, effective_weight(t, p));
	}
}

/* Makes a task a function's, or no function's, as it is now. It wants a CPU or runs. */
static __always_inline void note_kind(struct scx_task *t, struct task_struct *p, struct alps_slot *s)
{
	__u32 kind = s ? FUNCTION : OTHER;

	if (t->kind == kind)
		return;
	if (t->on_ns)
		account(t, p, bpf_ktime_get_ns());
	if (kind == OTHER)
		t->time = entry_time();
	set_kind(t, kind);
	if (t->counted) {
		count_out(t);
		count_in(t, p);
	}
}

/* The key of a function's task now: before all others while it is owed a turn. */
static __always_inline __u64 function_key(struct scx_task *t, struct alps_slot *s, __u64 now)
{
	__u64 used_ns = attained(s, now);

	if (used_ns < t->first_until_ns)
		return 1;
	t->first_until_ns = 0;
	return key_of(s, used_ns);
}

/* Writes down what the CPU runs. */
static __always_inline void note_cpu(__s32 cpu, struct scx_task *t, struct task_struct *p, struct alps_slot *s, __u64 now)
{
	struct scx_cpu *c = cpu_of(cpu);

	if (!c)
		return;
	if (s) {
		c->key = function_key(t, s, now);
		c->margin_ns = margin_of(c->key, s);
	} else {
		c->key = t->time;
		c->weight = effective_weight(t, p);
	}
	c->at_ns = now;
	c->group = t->group;
	c->kind = t->kind;
}

/* The CPU that is to run a function's task with `key` at once, because what it runs is worse; -1 where none is. */
static __always_inline __s32 worst_function_cpu(struct task_struct *p, __u64 key, __u64 now)
{
	__u64 worst_key = 0, theirs, ran_ns;
	__s32 worst = -1;
	struct scx_cpu *c;
	int i;

	bpf_for(i, 0, cpu_ids) {
		c = cpu_of(i);
		if (!c)
			break;
		if (c->kind != FUNCTION || !bpf_cpumask_test_cpu(i, p->cpus_ptr))
			continue;
		/* Since then it has used up some of what was left. */
		ran_ns = now - c->at_ns;
		theirs = c->key > ran_ns ? c->key - ran_ns : 0;
		if (theirs < key + c->margin_ns || theirs < worst_key)
			continue;
		worst_key = theirs;
		worst = i;
	}
	return worst;
}

/*
 * The CPU that is to run a task that is no function's and has this weighted-fair time: one with a function where the
 * functions have had more than is theirs, else the one of the others that has had most. -1 where none is.
 */
static __always_inline __s32 worst_other_cpu(struct task_struct *p, __u64 time, __u64 now)
{
	bool functions = before(time + other_margin_ns, function_time);
	__u64 most_key = 0, theirs;
	__s32 function_cpu = -1, other_cpu = -1;
	__s64 most = other_margin_ns;
	struct scx_cpu *c;
	int i;

	bpf_for(i, 0, cpu_ids) {
		c = cpu_of(i);
		if (!c)
			break;
		if (!c->kind || !bpf_cpumask_test_cpu(i, p->cpus_ptr))
			continue;
		if (c->kind == FUNCTION) {
			/* One that is owed a turn keeps it. */
			if (functions && c->key > 1 && (function_cpu < 0 || c->key > most_key)) {
				most_key = c->key;
				function_cpu = i;
			}
			continue;
		}
		theirs = c->key + weighted(now - c->at_ns, c->weight ?: 1);
		if ((__s64)(theirs - time) > most) {
			most = theirs - time;
			other_cpu = i;
		}
	}
	return function_cpu >= 0 ? function_cpu : other_cpu;
}

/* Has a CPU look for something better at once. What it runs counts as gone, so that the next one looks elsewhere. */
static __always_inline void preempt(__s32 cpu, __u64 *counter)
{
	struct scx_cpu *c = cpu < 0 ? 0 : cpu_of(cpu);

	if (!c)
		return;
	c->kind = NOBODY;
	count(counter);
	scx_bpf_kick_cpu(cpu, SCX_KICK_PREEMPT);
}

/* Wakes an idle CPU for a task that has been queued. Returns false where there is none. */
static __always_inline bool wake_idle(struct task_struct *p)
{
	__s32 cpu = scx_bpf_pick_idle_cpu(p->cpus_ptr, 0);

	if (cpu < 0)
		return false;
	scx_bpf_kick_cpu(cpu, SCX_KICK_IDLE);
	return true;
}

/* Whether somebody waits who is to run in place of the running task of a function. */
static __always_inline bool should_yield(struct scx_task *t, struct alps_slot *s, __s32 cpu, __u64 now)
{
	__u64 key = function_key(t, s, now), waiting = 0;

	if (key <= 1)
		return false;
	if (late && peek(LATE_FUNCTIONS, cpu, &waiting))
		return true;
	if (late && peek(LATE_OTHERS, cpu, &waiting) && (now - waiting >= urgent_ns || before(other_time + credit_ns, function_time)))
		return true;
	if (peek(FUNCTIONS, cpu, &waiting) && waiting + margin_of(key, s) < key)
		return true;
	return peek(OTHERS, cpu, &waiting) && before(waiting + credit_ns, function_time);
}

#endif
