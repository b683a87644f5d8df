/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Membership: slots are taken and given up, tasks become an invocation's and leave it.
 */
#ifndef ALPS_OBSERVE_MEMBERS_H
#define ALPS_OBSERVE_MEMBERS_H

/* A free slot near `pid`'s home position, taken and filled in; its number in *slot. NULL: none was free (counted). */
static __always_inline struct alps_slot *take_slot(__u32 pid, __u32 function_id, __u64 start_ns, __u32 *slot)
{
	__u32 home = pid % ALPS_SLOTS, i, k;
	struct alps_mode *mode;
	struct alps_slot *s;

	for (k = 0; k < ALPS_SLOT_PROBES; k++) {
		i = (home + k) % ALPS_SLOTS;
		s = bpf_map_lookup_elem(&slots, &i);
		if (!s || __sync_val_compare_and_swap(&s->state, ALPS_SLOT_FREE, ALPS_SLOT_BUSY) != ALPS_SLOT_FREE)
			continue;
		__sync_fetch_and_add(&shared.slots, 1);
		s->generation++;
		s->function_id = function_id;
		s->pid = pid;
		s->start_ns = start_ns;
		s->first_run_ns = 0;
		s->cpu_ns = 0;
		s->wait_ns = 0;
		s->running_since_ns = 0;
		s->last_on_ns = 0;
		s->last_kick_ns = 0;
		s->running = 0;
		s->runnable = 0;
		s->tasks = 1; /* the one that it is taken for */
		s->preemptions = 0;
		s->last_tid = pid;
		s->base_ns = start_ns;
		s->cpu_base_ns = 0;
		s->wait_base_ns = 0;
		s->preemptions_base = 0;
		s->overlap_ns = 0;
		s->busy_tasks = 0;
		s->idle_periods = 0;
		s->idle_since_ns = bpf_ktime_get_ns();
		mode = bpf_map_lookup_elem(&modes, &function_id);
		s->flags = mode ? mode->flags : 0;
		s->gap_us = mode ? mode->gap_us : 0;
		s->life = 1;
		__builtin_memset(s->waiting, 0, sizeof(s->waiting));
		__sync_fetch_and_add(&shared.active, 1);
		*slot = i;
		return s;
	}
	__sync_fetch_and_add(&shared.lost_no_slot, 1);
	return 0;
}

/* Nobody is told: the slot's invocation has ended, or its first task never became one. */
static __always_inline void free_slot(struct alps_slot *s)
{
	s->tasks = 0;
	if (s->life & 1)
		__sync_fetch_and_add(&shared.active, -1);
	s->state = ALPS_SLOT_FREE;
	__sync_fetch_and_add(&shared.slots, -1);
}

/*
 * Makes room for what is known about `p`, where there is none yet. NULL: there is no memory just now, as the kernel has little at
 * hand for programs and gets more only afterwards. Who cannot try again later counts the task as lost.
 */
static __always_inline struct alps_task *make_task(struct task_struct *p)
{
	struct alps_task *t = bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	/* Of two that make it at once, one is refused: now it is there. */
	return t ?: bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
}

/* Bounds a loop that other CPUs could prolong: so many would have to join or leave an invocation at once. */
#define ALPS_COUNT_TRIES 16

/* Counts one more task of the slot's invocation. Returns false where its last one has just left it. */
static __always_inline bool count_task(struct alps_slot *s)
{
	__u32 tasks, i;

	for (i = 0; i < ALPS_COUNT_TRIES; i++) {
		tasks = s->tasks;
		if (tasks == 0)
			return false;
		if (__sync_val_compare_and_swap(&s->tasks, tasks, tasks + 1) == tasks)
			return true;
	}
	return false;
}

/*
 * Makes `p`, which is in `state` and has `t`, a task of the invocation, its CPU time counted from `exec_ns`. What it has used since
 * then counts at once: it may end before it is switched out. `first`: it is the one that the slot was taken for. `tell`: user
 * space is to decide at once where CPUs are short with it.
 *
 * Returns since when it is one, 0 where it is not: the invocation has ended, or it is one already (a new task can be found
 * by `adopt` before its fork is told of, and then both come here).
 */
static __always_inline __u64 add_task(struct alps_slot *s, __u32 slot, struct alps_task *t, struct task_struct *p,
				      __u64 exec_ns, __u32 state, bool first, bool tell)
{
	__u64 now = bpf_ktime_get_ns(), used = p->se.sum_exec_runtime;
	bool short_of_cpus;

	if (__sync_val_compare_and_swap(&t->slot, 0, ALPS_TASK_JOINS) != 0)
		return 0;
	if (!first && !count_task(s)) {
		t->slot = 0;
		return 0;
	}
	if (used > exec_ns) {
		__sync_fetch_and_add(&s->cpu_ns, used - exec_ns);
		if (s->first_run_ns < s->start_ns)
			s->first_run_ns = now;
	}
	t->exec_ns = used;
	t->since_ns = now;
	t->unserved_ns = now;
	t->state = state;
	t->generation = s->generation;
	t->life = 0;
	if (state == ALPS_TASK_WAITING)
		count_waiting(s, now, 1);
	note_group(s, p);
	if (state != ALPS_TASK_BLOCKED) {
		s->cpu = p->wake_cpu;
		s->last_tid = p->pid;
		if (__sync_fetch_and_add(&s->runnable, 1) == 0)
			__sync_fetch_and_add(&shared.runnable, 1);
	}
	if (state == ALPS_TASK_RUNNING) {
		if (s->first_run_ns < s->start_ns)
			s->first_run_ns = now;
		s->last_on_ns = now;
		__sync_fetch_and_add(&s->running_since_ns, now - s->base_ns);
		__sync_fetch_and_add(&s->running, 1);
	}
	/* It counts by now; one that is still to be woken does not, and nothing more is said when it is. */
	short_of_cpus = shared.runnable + (first && state == ALPS_TASK_BLOCKED) > shared.cores;
	emit_task(first ? ALPS_EVENT_START : ALPS_EVENT_TASK_START, s, slot, p, tell && short_of_cpus);
	/* Last: from here on the other programs see whose it is, and may say that it has ended. */
	t->slot = slot + 1;
	return now;
}

/* `p` was `old_tid` until now: user space knows tasks by their ids. */
static __always_inline void renumber(struct task_struct *p, __u32 old_tid)
{
	struct alps_task *t = task_of(p);
	struct alps_slot *s = t ? slot_of(t) : 0;

	if (!s)
		return;
	s->last_tid = p->pid;
	emit_task(ALPS_EVENT_TASK_START, s, t->slot - 1, p, contended());
	emit(ALPS_EVENT_TASK_END, s, t->slot - 1, old_tid, false);
}

/* How far a running task's sum_exec_runtime lags behind at most: a tick, at 250 Hz. */
#define ALPS_TICK_NS 4000000

/* CPU time of the stint that `p`, which runs, is in, where nobody said when it got the CPU: see account_switch_out(). */
static __always_inline __u64 untold_stint(struct alps_task *t, struct task_struct *p, __u64 now)
{
	__u64 used = p->se.sum_exec_runtime - t->exec_ns, most = now - t->since_ns;

	if (t->state != ALPS_TASK_WAITING)
		return used;
	/* Untold are above all switches from an idle CPU: it did not wait. */
	return most < used + ALPS_TICK_NS ? most : used + ALPS_TICK_NS;
}

/*
 * `p` belongs to its invocation no longer: it exits, or it turned out to be another function's. Two may find that at once:
 * who takes it out of `t` has it.
 */
static __always_inline void leave(struct alps_task *t, struct task_struct *p)
{
	__u32 was = *(volatile __u32 *)&t->slot, slot = was - 1, life;
	struct alps_slot *s = slot_where(t, was);
	bool wake;
	__u64 now;

	/* Whoever has it join looks once more whether it exits. */
	if (was == ALPS_TASK_JOINS || __sync_val_compare_and_swap(&t->slot, was, 0) != was || !s)
		return;
	now = bpf_ktime_get_ns();
	wake = contended();
	if (t->state == ALPS_TASK_RUNNING)
		/* sum_exec_runtime is as old as the last tick: the clock is right for the stint that is under way */
		stop_running(t, s, now - t->since_ns);
	else if ((__u32)bpf_get_current_pid_tgid() == (__u32)p->pid)
		__sync_fetch_and_add(&s->cpu_ns, untold_stint(t, p, now));
	if (t->state == ALPS_TASK_WAITING)
		count_waiting(s, t->unserved_ns, -1);
	if (t->state != ALPS_TASK_BLOCKED)
		became_blocked(s, slot, now, true);
	t->state = ALPS_TASK_BLOCKED;
	if (__sync_fetch_and_add(&s->tasks, -1) != 1) {
		emit(ALPS_EVENT_TASK_END, s, slot, p->pid, false);
		return;
	}
	/* The gap's end may be found at this moment: then that was the invocation's end, and its record comes before ours. */
	life = s->life;
	if (!end_life(s, life, now))
		life = s->life;
	emit_event(ALPS_EVENT_END, s, slot, p->pid, life, 0, wake);
	free_slot(s);
}

/*
 * Bounds the wait below, each look some 50 ns: a switch that is under way takes a microsecond or two, more where the machine is
 * a virtual one that has lost its CPU in the middle.
 */
#define ALPS_SWITCH_LOOKS 2048

/*
 * A task may have gone to sleep or exited after it was looked at and before the programs there could see whose it is. It would
 * count as running until it wakes up, or for good. (If it has been woken, or preempted, its next switch puts that right.) What
 * the programs have seen meanwhile shows in the time since which the task is in its state.
 */
static __always_inline void catch_up(struct alps_task *t, struct task_struct *p, __u64 since_ns)
{
	__u32 i;

	/* What it did until now is not looked at before whose it is can be seen: this is a barrier. */
	__sync_fetch_and_add(&t->state, 0);
	if (BPF_CORE_READ(p, flags) & PF_EXITING) {
		leave(t, p);
		return;
	}
	/* It may be on its way off the CPU, after the switch program: on_cpu is cleared only then. */
	for (i = 0; i < ALPS_SWITCH_LOOKS && BPF_CORE_READ(p, on_cpu) && BPF_CORE_READ(p, __state); i++)
		;
	if (t->since_ns == since_ns && !BPF_CORE_READ(p, on_cpu) && BPF_CORE_READ(p, __state))
		account_switch_out(t, p, false);
}

/*
 * Joins a task that may be running or waiting on another CPU meanwhile. Returns false where that failed: see add_task().
 */
static __always_inline bool adopt_task(struct alps_slot *s, __u32 slot, struct alps_task *t, struct task_struct *p,
				       __u64 exec_ns, bool first)
{
	__u32 state = p->on_cpu ? ALPS_TASK_RUNNING : p->__state == 0 ? ALPS_TASK_WAITING : ALPS_TASK_BLOCKED;
	__u64 since_ns = add_task(s, slot, t, p, exec_ns, state, first, first);

	if (since_ns)
		catch_up(t, p, since_ns);
	return since_ns != 0;
}

#endif
