/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Accounting: a task's way between blocked, waiting and running, added up in its invocation's slot.
 *
 * Every transition starts from the state that the task is in, so that one missed wake-up (task storage is busy when an
 * interrupt lands in the middle of an operation on it) is put right by the next switch instead of adding up.
 */
#ifndef ALPS_OBSERVE_ACCOUNT_H
#define ALPS_OBSERVE_ACCOUNT_H

static __always_inline struct alps_task *task_of(struct task_struct *p)
{
	struct alps_task *t = bpf_task_storage_get(&tasks, p, 0, 0);

	return t && t->slot ? t : 0;
}

/* The same, for what comes with every switch: where no slot is in use, no task is an invocation's, and that costs no look-up. */
static __always_inline struct alps_task *member_of(struct task_struct *p)
{
	return any_slot() ? task_of(p) : 0;
}

/* The slot where `t` said `membership` for it, unless that is another invocation's by now. */
static __always_inline struct alps_slot *slot_where(struct alps_task *t, __u32 membership)
{
	__u32 i = membership - 1;
	struct alps_slot *s = bpf_map_lookup_elem(&slots, &i);

	return s && s->generation == t->generation ? s : 0;
}

static __always_inline struct alps_slot *slot_of(struct alps_task *t)
{
	return slot_where(t, t->slot);
}

/* What should run has changed: has user space decide again, but not too often for one invocation. */
static __always_inline void kick(struct alps_slot *s, __u32 slot, __u64 now)
{
	if (now - s->last_kick_ns < kick_interval_ns)
		return;
	s->last_kick_ns = now;
	emit(ALPS_EVENT_KICK, s, slot, s->last_tid, true);
}

/*
 * One more of the slot's tasks, `p`, wants a CPU. Where it is the first, and CPUs are short, user space is told unless
 * `quiet`. In a warm instance a new invocation may begin with it.
 */
static __always_inline void became_runnable(struct alps_slot *s, __u32 slot, struct task_struct *p, __u64 now,
					    bool quiet)
{
	__u32 before = __sync_fetch_and_add(&s->runnable, 1);
	bool began = false, scarce;

	if (before != 0) {
		if (before == 1 && s->flags & ALPS_WARM)
			s->overlap_since_ns = now;
		return;
	}
	if (s->flags)
		began = woke_up(s, slot, p, now);
	scarce = __sync_fetch_and_add(&shared.runnable, 1) >= shared.cores;
	if (began)
		emit_task(ALPS_EVENT_START, s, slot, p, scarce);
	else if (scarce && !quiet)
		kick(s, slot, now);
}

/* One of the slot's tasks wants a CPU no longer. */
static __always_inline void became_blocked(struct alps_slot *s, __u32 slot, __u64 now, bool quiet)
{
	__u32 before;

	/* Before the instance can be seen to be idle. */
	if (s->flags)
		s->idle_since_ns = now;
	before = __sync_fetch_and_add(&s->runnable, -1);
	if (before == 2 && s->flags & ALPS_WARM)
		s->overlap_ns += now - s->overlap_since_ns;
	if (before != 1)
		return;
	if (s->flags & ALPS_WARM)
		await_gap(s, slot);
	if (__sync_fetch_and_add(&shared.runnable, -1) <= shared.cores || quiet)
		return;
	kick(s, slot, now);
}

static __always_inline void count_waiting(struct alps_slot *s, __u64 since_ns, __u32 change)
{
	__u32 i = since_ns / wait_bucket_ns & (ALPS_WAIT_BUCKETS - 1);

	__sync_fetch_and_add(&s->waiting[i], change);
}

/*
 * A stint of less than this is no answer to a wait. Since 6.18 a task whose cgroup has used up its CPU limit is run once in each
 * period all the same: into the kernel, where it is set aside without having made a step in its program.
 */
#define LEAST_STINT_NS 100000

/* A task begins to wait for a CPU, or goes on waiting: it has been unserved since `unserved_ns`. */
static __always_inline void begin_wait(struct alps_task *t, struct alps_slot *s, __u64 unserved_ns, __u64 now)
{
	t->state = ALPS_TASK_WAITING;
	t->since_ns = now;
	t->unserved_ns = unserved_ns;
	count_waiting(s, unserved_ns, 1);
}

/* A waiting task gets a CPU. */
static __always_inline void end_wait(struct alps_task *t, struct alps_slot *s, struct task_struct *p, __u64 now)
{
	__u64 wait_ns = now - t->unserved_ns;

	count_waiting(s, t->unserved_ns, -1);
	__sync_fetch_and_add(&s->wait_ns, now - t->since_ns);
	/* Two CPUs at once: then one of two long waits is shown. */
	if (wait_ns > shared.longest_wait_ns)
		shared.longest_wait_ns = wait_ns;
	/* Where it was long before a stint too short to count, it has been counted then. */
	if (wait_ns <= max_wait_ns || t->since_ns - t->unserved_ns > max_wait_ns)
		return;
	if (has_cpu_limit(p))
		__sync_fetch_and_add(&shared.limited_waits, 1);
	else
		__sync_fetch_and_add(&shared.long_waits, 1);
}

static __always_inline void account_wakeup(struct alps_task *t, struct task_struct *p)
{
	struct alps_slot *s = slot_of(t);
	__u64 now;

	if (!s || t->state != ALPS_TASK_BLOCKED)
		return;
	now = bpf_ktime_get_ns();
	begin_wait(t, s, now, now);
	s->cpu = p->wake_cpu;
	s->last_tid = p->pid;
	/* A new invocation's first wake-up: its start event has been sent already. */
	became_runnable(s, t->slot - 1, p, now, s->first_run_ns < s->start_ns);
}

/* A stint on a CPU began at `now`. */
static __always_inline void begin_stint(struct alps_task *t, struct alps_slot *s, struct task_struct *p, __u64 now)
{
	if (t->state == ALPS_TASK_WAITING) {
		end_wait(t, s, p, now);
	} else {
		t->unserved_ns = now;
		became_runnable(s, t->slot - 1, p, now, true);
	}
	/* The gap ended just when it was woken. */
	if (!(s->life & 1) && woke_up(s, t->slot - 1, p, now))
		emit_task(ALPS_EVENT_START, s, t->slot - 1, p, contended());
	t->state = ALPS_TASK_RUNNING;
	t->since_ns = now;
	if (s->first_run_ns < s->start_ns)
		s->first_run_ns = now;
	s->last_on_ns = now;
	s->cpu = bpf_get_smp_processor_id();
	s->last_tid = p->pid;
	note_group(s, p);
	__sync_fetch_and_add(&s->running_since_ns, now - s->base_ns);
	__sync_fetch_and_add(&s->running, 1);
}

static __always_inline void account_switch_in(struct alps_task *t, struct task_struct *p)
{
	struct alps_slot *s = slot_of(t);

	if (s && t->state != ALPS_TASK_RUNNING)
		begin_stint(t, s, p, bpf_ktime_get_ns());
}

/* Ends a running task's stint: `cpu_ns` of CPU time are the invocation's. */
static __always_inline void stop_running(struct alps_task *t, struct alps_slot *s, __u64 cpu_ns)
{
	__sync_fetch_and_add(&s->running, -1);
	__sync_fetch_and_add(&s->running_since_ns, -(t->since_ns - s->base_ns));
	__sync_fetch_and_add(&s->cpu_ns, cpu_ns);
	if (s->flags & ALPS_WARM)
		count_busy(t, s, cpu_ns);
}

static __always_inline void account_switch_out(struct alps_task *t, struct task_struct *p, bool still_runnable)
{
	struct alps_slot *s = slot_of(t);
	__u64 now, used, exec = p->se.sum_exec_runtime;

	if (!s)
		return;
	now = bpf_ktime_get_ns();
	used = exec - t->exec_ns;
	/*
	 * It has run, and nobody said when it got the CPU: kernels have been seen that do not tell of every switch (virtual machines
	 * in which some tasks still run the scheduler's text as it was before the tracepoint was patched into it).
	 */
	if (t->state != ALPS_TASK_RUNNING && used)
		begin_stint(t, s, p, now - used > t->since_ns ? now - used : t->since_ns);
	if (t->state == ALPS_TASK_BLOCKED)
		return;
	if (t->state == ALPS_TASK_RUNNING) {
		stop_running(t, s, used);
		t->exec_ns = exec;
	} else {
		/* It was taken in just while it got its CPU: that wait is none. */
		count_waiting(s, t->unserved_ns, -1);
	}
	if (still_runnable) {
		begin_wait(t, s, used < LEAST_STINT_NS ? t->unserved_ns : now, now);
		__sync_fetch_and_add(&s->preemptions, 1);
	} else {
		t->state = ALPS_TASK_BLOCKED;
		t->since_ns = now;
		became_blocked(s, t->slot - 1, now, false);
	}
}

#endif
