/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waits: nobody waits for ever, whatever the ranks. Each wait is noted in a ring as it begins, so that the oldest is always at
 * the ring's head, and looking for it costs the same however many wait. A timer looks every few milliseconds while
 * there are waits in the ring: who has waited for too long, and now and then the function's task that has waited longest,
 * goes to the queue that comes before the others.
 */
#ifndef ALPS_SCX_WAIT_H
#define ALPS_SCX_WAIT_H

/* Waits that a look takes off the ring at most; most of them have ended. */
#define WAITS_A_LOOK 256

struct wait {
	__u64 since_ns;
	__u32 pid;
	__u32 kind;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_WAITS);
	__type(key, __u32);
	__type(value, struct wait);
} waits SEC(".maps");

/* The ring: waits from `first_wait` up to `next_wait`, which writers take places of. */
__u64 first_wait, next_wait;

struct look_timer {
	struct bpf_timer timer;
	__u32 armed;
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
	t->wait_ns = now;
	if (next_wait - first_wait >= MAX_WAITS - MAX_CPUS) {
		count(&scx.lost_wait);
		return;
	}
	place = __sync_fetch_and_add(&next_wait, 1);
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
