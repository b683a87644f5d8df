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
		s->tasks = 0;
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

static __always_inline void free_slot(struct alps_slot *s)
{
	if (s->life & 1)
		__sync_fetch_and_add(&shared.active, -1);
	s->state = ALPS_SLOT_FREE;
}

static __always_inline struct alps_task *make_task(struct task_struct *p)
{
	struct alps_task *t = bpf_task_storage_get(&tasks, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);

	if (!t)
		__sync_fetch_and_add(&shared.lost_no_memory, 1);
	return t;
}

/*
 * Makes `p`, which is in `state`, a task of the invocation, its CPU time counted from `exec_ns`. What it has used since
 * then counts at once: it may end before it is switched out. Returns since when it is one, 0 where there was no memory.
 */
static __always_inline __u64 add_task(struct alps_slot *s, __u32 slot, struct task_struct *p, __u64 exec_ns,
				     __u32 state)
{
	struct alps_task *t = make_task(p);
	__u64 now = bpf_ktime_get_ns(), used = p->se.sum_exec_runtime;

	if (!t)
		return 0;
	__sync_fetch_and_add(&s->tasks, 1);
	if (used > exec_ns)
		__sync_fetch_and_add(&s->cpu_ns, used - exec_ns);
	t->exec_ns = used;
	t->since_ns = now;
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
	/* Last: from here on the switch and wake-up programs see it. */
	t->slot = slot + 1;
	return now;
}

/* One more task of an invocation that has a first one already. */
static __always_inline void join(struct alps_slot *s, __u32 slot, struct task_struct *p, __u64 exec_ns, __u32 state)
{
	if (add_task(s, slot, p, exec_ns, state))
		emit_task(ALPS_EVENT_TASK_START, s, slot, p, contended());
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

/* Bounds the wait below: a switch that is under way takes a microsecond or two. */
#define ALPS_SWITCH_LOOKS 64

/*
 * A task may have been switched or woken after its state was looked at and before the switch and wake-up programs could see
 * whose it is. Nothing would put that right where it sleeps from then on: it would count as running for as long. What they
 * have seen meanwhile shows in the time since which the task is in its state.
 */
static __always_inline void catch_up(struct task_struct *p, __u64 since_ns)
{
	struct alps_task *t = task_of(p);
	__u32 i;

	if (!t)
		return;
	/* What it did until now is not looked at before whose it is can be seen: this is a barrier. */
	__sync_fetch_and_add(&t->state, 0);
	/* It may be on its way off the CPU, after the switch program: on_cpu is cleared only then. */
	for (i = 0; i < ALPS_SWITCH_LOOKS && BPF_CORE_READ(p, on_cpu) && BPF_CORE_READ(p, __state); i++)
		;
	if (t->since_ns != since_ns || BPF_CORE_READ(p, on_cpu))
		return;
	if (BPF_CORE_READ(p, __state) != 0)
		account_switch_out(t, p, false);
	else if (t->state == ALPS_TASK_RUNNING)
		account_switch_out(t, p, true);
	else
		account_wakeup(t, p);
}

/* Joins a task that may be running or waiting on another CPU meanwhile. */
static __always_inline void adopt_task(struct alps_slot *s, __u32 slot, struct task_struct *p, __u64 exec_ns)
{
	__u32 state = p->on_cpu ? ALPS_TASK_RUNNING : p->__state == 0 ? ALPS_TASK_WAITING : ALPS_TASK_BLOCKED;
	bool first = s->tasks == 0;
	__u64 since_ns = add_task(s, slot, p, exec_ns, state);

	if (!since_ns)
		return;
	catch_up(p, since_ns);
	if (s->cpu_ns != s->cpu_base_ns && s->first_run_ns < s->start_ns)
		s->first_run_ns = bpf_ktime_get_ns();
	if (!first)
		emit_task(ALPS_EVENT_TASK_START, s, slot, p, false);
}

/* `p` belongs to its invocation no longer: it exits, or it turned out to be another function's. */
static __always_inline void leave(struct alps_task *t, struct task_struct *p)
{
	struct alps_slot *s = slot_of(t);
	__u32 slot = t->slot - 1;
	bool wake;
	__u64 now;

	t->slot = 0;
	if (!s)
		return;
	now = bpf_ktime_get_ns();
	wake = contended();
	if (t->state == ALPS_TASK_RUNNING)
		/* sum_exec_runtime is as old as the last tick: the clock is right for the stint that is under way */
		stop_running(t, s, now - t->since_ns);
	else if (t->state == ALPS_TASK_WAITING)
		count_waiting(s, t->since_ns, -1);
	if (t->state != ALPS_TASK_BLOCKED)
		became_blocked(s, slot, now, true);
	t->state = ALPS_TASK_BLOCKED;
	if (__sync_fetch_and_add(&s->tasks, -1) != 1) {
		emit(ALPS_EVENT_TASK_END, s, slot, p->pid, false);
		return;
	}
	if (s->life & 1 && !(s->flags & ALPS_PARTIAL))
		count_invocation(s, now);
	emit(ALPS_EVENT_END, s, slot, p->pid, wake);
	free_slot(s);
}

#endif
