/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waits: nobody waits for ever, whatever the ranks. Each wait is noted in a ring as it begins. A timer looks every few
 * milliseconds while there are waits: those that are still going on move to a second ring, so that the many short ones take
 * no room for long, and the oldest is always at the second ring's head; looking for it costs the same however many wait.
 * Who has waited for too long, and now and then the function's task that has waited longest, goes before the others of its
 * kind. Where a ring is full, those that wait are gone through one by one instead, now and then.
 */
#ifndef ALPS_SCX_WAIT_H
#define ALPS_SCX_WAIT_H

/* Waits that a look takes off each ring at most; most of those in the first one have ended. */
#define WAITS_A_LOOK 1024
/* Where waits had no room, those that wait are gone through at one look in so many. */
#define SWEEP_LOOKS 32

struct wait {
	__u64 since_ns;
	__u32 pid;
	__u32 kind;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2 * MAX_WAITS);
	__type(key, __u32);
	__type(value, struct wait);
} waits SEC(".maps");

/* The first ring: waits from `first_new` up to `next_new`, which writers take places of. */
__u64 first_new, next_new;
/* The second ring, behind the first one in the map: written by the timer alone. */
__u64 first_wait, next_wait;
/* A wait had no room. */
__u64 unnoted;

struct look_timer {
	struct bpf_timer timer;
	__u32 armed;
	__u32 looks;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct look_timer);
} look_timers SEC(".maps");

/* CPU time of functions since the floor was paid last. */
__u64 floor_ns;

static __always_inline void arm_look(void)
{
	__u32 zero = 0;
	struct look_timer *l = bpf_map_lookup_elem(&look_timers, &zero);

	if (l && __sync_val_compare_and_swap(&l->armed, 0, 1) == 0 && bpf_timer_start(&l->timer, look_ns, 0) != 0)
		l->armed = 0;
}

/* A task begins to wait for a CPU. */
static __always_inline void begin_wait(struct scx_task *t, struct task_struct *p, __u64 now)
{
	__u64 place;
	struct wait *w;
	__u32 i;

	if (t->wait_ns)
		return;
	if (!t->unserved_ns)
		t->unserved_ns = now;
	t->unnoted = next_new - first_new >= MAX_WAITS - MAX_CPUS;
	t->wait_ns = now;
	if (t->unnoted) {
		count(&scx.lost_wait);
		unnoted = 1;
		arm_look();
		return;
	}
	place = __sync_fetch_and_add(&next_new, 1);
	i = place % MAX_WAITS;
	w = bpf_map_lookup_elem(&waits, &i);
	if (!w)
		return;
	w->pid = p->pid;
	w->kind = t->kind;
	/* Last: it is what tells whether the wait goes on. */
	*(volatile __u64 *)&w->since_ns = now;
	arm_look();
}

/* It has got one. */
static __always_inline void end_wait(struct scx_task *t, __u64 now)
{
	__u64 waited_ns = now - t->wait_ns;

	if (!t->wait_ns)
		return;
	if (t->kind == FUNCTION && (__s64)waited_ns > (__s64)scx.longest_wait_ns)
		scx.longest_wait_ns = waited_ns;
	t->wait_ns = 0;
}

#endif
