/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What moves tasks between queues while they wait: the bound on waiting, the ends of the periods of CPU limits, and a new
 * policy. Run by timers and by user space, which hold no run queue's lock.
 */
#ifndef ALPS_SCX_MOVE_H
#define ALPS_SCX_MOVE_H

/* For so long after a task was set aside, its group's timer fires at each period's end. */
#define ASIDE_WATCH_NS (1000 * MS)

/* How many wait in a queue; none where the scheduler has ended meanwhile. */
static __always_inline __u64 queued(__u64 queue)
{
	__s32 tasks = scx_bpf_dsq_nr_queued(queue);

	return tasks > 0 ? tasks : 0;
}

/* Has a CPU look for a task that has been put into a queue. */
static __always_inline void fetch(struct scx_task *t, struct task_struct *p, __u64 key, __u64 now)
{
	if (wake_idle(p))
		return;
	if (t->kind == FUNCTION)
		preempt(worst_function_cpu(p, key, now), &scx.preemptions);
	else
		preempt(worst_other_cpu(p, t->time, now), &scx.other_preemptions);
}

/* A task that waits in a queue is to go before the others of its kind. Returns false where it is there no longer. */
static __always_inline bool put_first(struct bpf_iter_scx_dsq *it, struct scx_task *t, struct task_struct *p, __u64 now)
{
	__u64 since_ns = t->wait_ns;
	struct alps_slot *s;

	if (!since_ns)
		return false;
	/* Before it can be there. */
	*(volatile __u64 *)&late = 1;
	if (!dsq_move_by(it, p, t->kind == FUNCTION ? LATE_FUNCTIONS : LATE_OTHERS, since_ns))
		return false;
	t->in_order = 0;
	s = invocation_of(p);
	if (s)
		t->first_until_ns = attained(s, now) + overdue_run_ns;
	fetch(t, p, 1, now);
	return true;
}

static __always_inline bool find_and_put_first(struct scx_task *t, struct task_struct *p, __u64 now)
{
	struct bpf_iter_scx_dsq it;
	bool moved = false;

	/* It fails where the scheduler has ended meanwhile. */
	if (bpf_iter_scx_dsq_new(&it, t->kind == FUNCTION ? FUNCTIONS : OTHERS, 0) == 0)
		moved = put_first(&it, t, p, now);
	bpf_iter_scx_dsq_destroy(&it);
	return moved;
}

/*
 * The wait `w` was the oldest. Returns whether it is over, or has been ended: then the next one is the oldest. Every task that
 * waits here has a process id: those that exit, and may have none, are enqueued by the kernel itself
 * (kernel/sched/ext.c:do_enqueue_task, without SCX_OPS_ENQ_EXITING).
 */
static __always_inline bool settle_wait(struct wait *w, __u64 now)
{
	bool overdue = now - w->since_ns >= bound_ns, floor, settled = true;
	struct task_struct *p;
	struct scx_task *t;

	p = bpf_task_from_pid(w->pid);
	if (!p)
		return true;
	t = scx_task_of(p);
	if (t && t->wait_ns == w->since_ns) {
		floor = floor_part && t->kind == FUNCTION && floor_ns >= floor_part * overdue_run_ns;
		settled = overdue || floor;
		if (settled && find_and_put_first(t, p, now)) {
			if (overdue) {
				count(&scx.overdue);
			} else {
				__sync_fetch_and_sub(&floor_ns, floor_part * overdue_run_ns);
				count(&scx.floor);
			}
		}
	}
	bpf_task_release(p);
	return settled;
}

/* Moves a wait to the second ring, where it still goes on. Returns false where it is to stay in the first one. */
static __always_inline bool keep_wait(struct wait *w, __u64 now)
{
	__u32 place = MAX_WAITS + next_wait % MAX_WAITS;
	struct wait *kept = bpf_map_lookup_elem(&waits, &place);
	__u64 since_ns = *(volatile __u64 *)&w->since_ns;
	struct task_struct *p;
	struct scx_task *t;

	/* Its place has been taken, but it is not written yet; or it is young; or there is no room. */
	if (!since_ns || now - since_ns < look_ns || !kept || next_wait - first_wait >= MAX_WAITS)
		return false;
	p = bpf_task_from_pid(w->pid);
	if (!p)
		return true;
	t = scx_task_of(p);
	if (t && t->wait_ns == since_ns) {
		*kept = *w;
		next_wait++;
	}
	bpf_task_release(p);
	return true;
}

/* Goes through a queue for waits that had no room in the rings. */
static __always_inline void sweep(__u64 queue, __u64 now)
{
	struct task_struct *p, *q;
	struct scx_task *t;

	bpf_for_each(scx_dsq, p, queue, 0) {
		q = bpf_task_from_pid(p->pid);
		if (!q)
			continue;
		t = scx_task_of(q);
		if (t && t->unnoted && t->wait_ns) {
			unnoted = 1;
			if (now - t->wait_ns >= bound_ns && put_first(&___it, t, q, now))
				count(&scx.overdue);
		}
		bpf_task_release(q);
	}
}

/* Looks at the oldest waits; the timer's callback. */
static int look(void *map, __u32 *key, struct look_timer *l)
{
	__u64 now = bpf_ktime_get_ns(), late_functions, late_others;
	struct wait *w;
	__u32 i;
	int n;

	bpf_rcu_read_lock();
	bpf_for(n, 0, WAITS_A_LOOK) {
		if (first_new == next_new)
			break;
		i = first_new % MAX_WAITS;
		w = bpf_map_lookup_elem(&waits, &i);
		if (!w || !keep_wait(w, now))
			break;
		w->since_ns = 0;
		first_new++;
	}
	bpf_for(n, 0, WAITS_A_LOOK) {
		if (first_wait == next_wait)
			break;
		i = MAX_WAITS + first_wait % MAX_WAITS;
		w = bpf_map_lookup_elem(&waits, &i);
		if (!w || !settle_wait(w, now))
			break;
		first_wait++;
	}
	if (unnoted && ++l->looks % SWEEP_LOOKS == 0) {
		unnoted = 0;
		sweep(FUNCTIONS, now);
		sweep(OTHERS, now);
	}
	bpf_rcu_read_unlock();
	late_functions = queued(LATE_FUNCTIONS);
	late_others = queued(LATE_OTHERS);
	late = late_functions + late_others > 0;
	scx.queued = queued(FUNCTIONS) + late_functions;
	scx.other_queued = queued(OTHERS) + late_others;
	scx.function_time_ns = function_time;
	scx.other_time_ns = other_time;
	l->armed = 0;
	if (first_new != next_new || first_wait != next_wait || unnoted)
		arm_look();
	return 0;
}

static __always_inline __s32 prepare_look(void)
{
	__u32 zero = 0;
	struct look_timer *l = bpf_map_lookup_elem(&look_timers, &zero);

	if (!l)
		return -ENOMEM;
	bpf_timer_init(&l->timer, &look_timers, CLOCK_MONOTONIC);
	return bpf_timer_set_callback(&l->timer, look);
}

/* Has the group's timer fire at the end of its period. Returns false where that cannot be. */
static __always_inline bool arm_period(struct scx_group *g, __u64 now)
{
	return bpf_timer_start(&g->timer, before(now, g->period_end_ns) ? g->period_end_ns - now : MS, 0) == 0;
}

/*
 * Holds a task back whose group `number` has used up its limit. It competes with nobody meanwhile. Returns false where nobody
 * could bring it back: then it goes on.
 */
static __always_inline bool set_aside(struct scx_task *t, struct task_struct *p, __u32 number, __u64 enq_flags, __u64 now)
{
	struct scx_group *g = group_at(number);

	if (!g)
		return false;
	g->aside_ns = now;
	if (!arm_period(g, now))
		return false;
	count(&scx.throttles);
	count_out(t);
	t->wait_ns = t->unserved_ns = 0;
	dsq_insert(p, ASIDE + number, other_slice_ns, enq_flags);
	return true;
}

/* Has a task that was set aside wait as any other, or as long as another of its groups says. */
static __always_inline void bring_back(struct bpf_iter_scx_dsq *it, struct task_struct *p, __u64 now)
{
	struct scx_task *t = scx_task_of(p);
	struct alps_slot *s = invocation_of(p);
	struct scx_group *g;
	__u32 limited;
	bool moved;

	if (!t)
		return;
	limited = limited_by(t->group, now);
	g = limited ? group_at(limited - 1) : 0;
	if (g) {
		g->aside_ns = now;
		if (arm_period(g, now)) {
			dsq_move(it, p, ASIDE + limited - 1);
			return;
		}
	}
	/* Before it can be seen, as it can run at once then. */
	count_in(t, p);
	begin_wait(t, p, now);
	if (t->kind == FUNCTION && s) {
		t->key = function_key(t, s, now);
		moved = dsq_move_by(it, p, FUNCTIONS, t->key);
	} else {
		if (before(t->time, entry_time()))
			t->time = entry_time();
		moved = dsq_move_by(it, p, OTHERS, t->time);
	}
	if (moved) {
		fetch(t, p, t->key, now);
		return;
	}
	/* It has left meanwhile: whoever has taken it counts it where it is. */
	count_out(t);
	__sync_val_compare_and_swap(&t->wait_ns, now, 0);
}

/*
 * A period of the group has ended: those that were set aside come back. The timer's callback. A task comes into its queue only
 * after the callback alps_enqueue() has returned, so that this can be too early for it: periods go on for a while.
 */
static int period_over(void *map, __u32 *number, struct scx_group *g)
{
	__u64 now = bpf_ktime_get_ns();
	struct task_struct *p, *q;

	refill(g, now);
	if (g->quota_ns == NO_LIMIT || g->budget_ns > 0) {
		bpf_rcu_read_lock();
		bpf_for_each(scx_dsq, p, ASIDE + *number, 0) {
			q = bpf_task_from_pid(p->pid);
			if (!q)
				continue;
			bring_back(&___it, q, now);
			bpf_task_release(q);
		}
		bpf_rcu_read_unlock();
	}
	if (now - g->aside_ns < ASIDE_WATCH_NS || queued(ASIDE + *number) > 0)
		arm_period(g, now);
	return 0;
}

/* Forgets what the group that is taken has been before. */
static __always_inline bool begin_group(struct scx_group *g, __u32 number)
{
	__s64 status = bpf_timer_init(&g->timer, &groups, CLOCK_MONOTONIC);

	g->sum = g->functions = g->given = g->given_functions = 0;
	g->quota_ns = NO_LIMIT;
	set_limited(g, 0);
	g->read_ns = g->aside_ns = 0;
	/* It is there already where the group has been another cgroup's. */
	if ((status && status != -EBUSY) || bpf_timer_set_callback(&g->timer, period_over))
		return false;
	return scx_bpf_create_dsq(ASIDE + number, -1) == 0;
}

/*
 * Makes a group of a cgroup. Where there is no room, its tasks count as those of the cgroup around it, and so do those of all
 * cgroups in it: a cgroup can be made nevertheless. One that has a limit already is there before the scheduler: then that is
 * not put in force, as the limit would not hold. Where it gets one later, watch_limits() ends the scheduler.
 */
static __always_inline __s32 add_group(struct cgroup *cgrp, __u32 weight)
{
	__u64 id = BPF_CORE_READ(cgrp, kn, id), unused;
	struct cgroup *parent = BPF_CORE_READ(cgrp, self.parent, cgroup);
	__u32 number = 0, around_number;
	struct scx_group *g, *around;

	/* The root of the hierarchy with the cpu controller is group 0. */
	if (!parent) {
		g = group_at(number);
		if (g)
			g->cgroup_id = id;
		return bpf_map_update_elem(&group_numbers, &id, &number, BPF_ANY) ? -ENOMEM : 0;
	}
	around_number = group_number(parent);
	around = group_at(around_number);
	if (around && around->cgroup_id == BPF_CORE_READ(parent, kn, id) && around->level + 1 < GROUP_DEPTH)
		number = take_group(id);
	g = group_at(number);
	if (!around || !g || !number)
		goto no_room;
	if (!begin_group(g, number) || bpf_map_update_elem(&group_numbers, &id, &number, BPF_ANY)) {
		scx_bpf_destroy_dsq(ASIDE + number);
		g->cgroup_id = 0;
		goto no_room;
	}
	g->parent = around_number;
	g->level = around->level + 1;
	g->weight = weight;
	g->cgroup = (__u64)cgrp;
	return 0;
no_room:
	count(&scx.lost_group);
	if (limit_of(cgrp, &unused, &unused) == NO_LIMIT)
		return 0;
	end_for_limit(id);
	return -ENOSPC;
}

/*
 * The cgroup is removed, or the scheduler ends. Tasks that exit may still be in it; they are not set aside, as the kernel
 * enqueues those itself (kernel/sched/ext.c:do_enqueue_task).
 */
static __always_inline void remove_group(struct cgroup *cgrp)
{
	__u64 id = BPF_CORE_READ(cgrp, kn, id);
	__u32 *found = bpf_map_lookup_elem(&group_numbers, &id), number = found ? *found : 0;
	struct scx_group *g = group_at(number);

	bpf_map_delete_elem(&group_numbers, &id);
	if (!g || number == 0 || g->cgroup_id != id)
		return;
	g->cgroup = 0;
	bpf_timer_cancel(&g->timer);
	g->quota_ns = NO_LIMIT;
	set_limited(g, 0);
	/* From here on nobody is counted in it; what it was counted with is taken back. */
	__sync_fetch_and_add(&g->generation, 1);
	g->sum = g->functions = 0;
	group_changed(number);
	/* Destroying a queue that is in use would end the scheduler: such a group is not used again. */
	if (queued(ASIDE + number) > 0)
		return;
	scx_bpf_destroy_dsq(ASIDE + number);
	g->cgroup_id = 0;
}

/*
 * The CPU is switched off, and takes nothing from the queues any more. Those of its tasks that wait there are given to it, so that
 * the kernel moves them off: else one that may run nowhere else would wait for ever, and the switching off for it. Linux does so
 * itself in later point releases of 6.12 (kernel/sched/ext.c:rq_offline_scx).
 */
static __always_inline void give_back(__u64 queue, __s32 cpu)
{
	struct task_struct *p, *q;

	bpf_rcu_read_lock();
	bpf_for_each(scx_dsq, p, queue, 0) {
		q = bpf_task_from_pid(p->pid);
		if (!q)
			continue;
		if (scx_bpf_task_cpu(q) == cpu)
			dsq_move(&___it, q, SCX_DSQ_LOCAL_ON | cpu);
		bpf_task_release(q);
	}
	bpf_rcu_read_unlock();
}

static __always_inline void count_dispatch(struct alps_slot *s)
{
	__u32 function_id = s->function_id;
	struct alps_function_stats *f = bpf_map_lookup_elem(&function_stats, &function_id);

	if (f)
		count(&f->dispatches);
}

/* A new policy: function tasks that wait are put where it wants them. Run by user space. */
SEC("syscall")
int reorder(void *ctx)
{
	__u64 now = bpf_ktime_get_ns();
	struct task_struct *p, *q;
	struct scx_task *t;
	struct alps_slot *s;

	bpf_rcu_read_lock();
	bpf_for_each(scx_dsq, p, FUNCTIONS, 0) {
		q = bpf_task_from_pid(p->pid);
		if (!q)
			continue;
		t = scx_task_of(q);
		s = invocation_of(q);
		if (t && s) {
			t->key = function_key(t, s, now);
			dsq_move_by(&___it, q, FUNCTIONS, t->key);
		}
		bpf_task_release(q);
	}
	bpf_rcu_read_unlock();
	return 0;
}

#endif
