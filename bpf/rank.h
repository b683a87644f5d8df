/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rank of a function's invocation, as enforce/ranking.ts makes it in user space: what is left of it by its function's
 * table, and its age. Lower runs first. What it has used comes from the slot in which observe.bpf.c measures it. The schedulers
 * in the kernel, scx.bpf.c and cfs.bpf.c, order by the same ranks. All times are nanoseconds.
 */
#ifndef ALPS_RANK_H
#define ALPS_RANK_H

#include "shared_maps.h"

#define MS 1000000ull

/* A waiting task takes a running one's place where its rank is better by a tenth of what is left, within these bounds. Less: more switches. */
const volatile __u64 least_margin_ns = 500000;
const volatile __u64 most_margin_ns = 5 * MS;

/* Ranks by function; ALPS_PRIOR holds what orders functions that are not in it. Entries are user space's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 17);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct alps_rank);
} ranks SEC(".maps");

/* Nanoseconds of age that count as one of rank: AGE_DIVISOR in learn/table.ts. */
#define AGE_DIVISOR 64
/* Keys in the queue of functions are unsigned; ranks that people set are far below or above all others (core/pins.ts). */
#define KEY_BASE (1ull << 62)
#define MOST_RANK 3200000000000000000ll

/* The slot of the invocation that a task belongs to. Where there is none on the machine, that costs no look-up. */
static __always_inline struct alps_slot *invocation_of(struct task_struct *p)
{
	struct alps_task *a;
	struct alps_slot *s;
	__u32 slot;

	if (!any_slot())
		return 0;
	a = bpf_task_storage_get(&tasks, p, 0, 0);
	if (!a || !a->slot || a->slot == ALPS_TASK_JOINS)
		return 0;
	slot = a->slot - 1;
	s = bpf_map_lookup_elem(&slots, &slot);
	return s && s->generation == a->generation ? s : 0;
}

/* CPU time that the invocation has used; see struct alps_slot. Other CPUs may change it meanwhile: then it is a little old. */
static __always_inline __u64 attained(struct alps_slot *s, __u64 now)
{
	__u64 ended_ns = s->cpu_ns - s->cpu_base_ns;
	__s64 stint_ns = (__s64)s->running * (__s64)(now - s->base_ns) - (__s64)s->running_since_ns;

	if (stint_ns < 0 || stint_ns > (__s64)((now - s->base_ns) * (s->tasks ?: 1)))
		return ended_ns;
	return ended_ns + stint_ns;
}

/* The rank by a table, its age left out. */
static __always_inline __s64 table_rank(struct alps_rank *r, __u64 used_ns)
{
	struct alps_rank_segment *in = &r->table[0];
	__u32 i;

	for (i = 1; i < ALPS_RANK_SEGMENTS; i++)
		if (i < r->segments && used_ns > r->table[i].from_ns)
			in = &r->table[i];
	if (used_ns < in->from_ns)
		return in->rank_ns;
	return in->rank_ns + ((__s64)(used_ns - in->from_ns) * in->slope >> ALPS_SLOPE_SHIFT);
}

/*
 * The rank of an invocation of a function that has no table: by the mean of the ones that have ended. Before, by what
 * orders functions in general; where that is not known either, the one that has come furthest goes first, so that one ends.
 */
static __always_inline __s64 unknown_rank(__u32 function_id, __u64 used_ns)
{
	struct alps_function_stats *f = bpf_map_lookup_elem(&function_stats, &function_id);
	__u64 most_ns = used_ns, ended, over_ns;
	__u32 prior_id = ALPS_PRIOR;
	struct alps_rank *prior;

	ended = f ? f->invocations : 0;
	if (ended) {
		__u64 mean_ns = f->cpu_ns / ended;

		if (used_ns <= mean_ns)
			return mean_ns - used_ns;
		over_ns = 4 * (used_ns - mean_ns);
		return over_ns < used_ns ? over_ns : used_ns;
	}
	prior = bpf_map_lookup_elem(&ranks, &prior_id);
	if (prior && prior->segments)
		return table_rank(prior, used_ns);
	if (f && f->most_attained_ns > most_ns)
		most_ns = f->most_attained_ns;
	return 2 * most_ns - used_ns;
}

/* The key in the queue of functions of an invocation that has used so much. Not static: see scx.bpf.c. */
__noinline __u64 key_of(struct alps_slot *s, __u64 used_ns)
{
	struct alps_rank *r;
	__u32 function_id;
	__s64 rank;

	if (!s)
		return 0;
	function_id = s->function_id;
	r = bpf_map_lookup_elem(&ranks, &function_id);
	if (r && r->flags & ALPS_RANK_PINNED)
		rank = r->pinned_ns;
	else if (r && r->segments)
		rank = table_rank(r, used_ns);
	else
		rank = unknown_rank(function_id, used_ns);
	if (rank > MOST_RANK)
		rank = MOST_RANK;
	if (rank < -MOST_RANK)
		rank = -MOST_RANK;
	return KEY_BASE + rank + s->start_ns / AGE_DIVISOR;
}

/* By how much another must be better to take the place of one with this key: a tenth of what is left of it. */
static __always_inline __u64 margin_of(__u64 key, struct alps_slot *s)
{
	__s64 left_ns = (__s64)(key - KEY_BASE - s->start_ns / AGE_DIVISOR);

	if (left_ns <= (__s64)(10 * least_margin_ns))
		return least_margin_ns;
	return left_ns < (__s64)(10 * most_margin_ns) ? (__u64)left_ns / 10 : most_margin_ns;
}

/* Notes how far an invocation has come, for as long as nothing is known of its function. */
static __always_inline void note_attained(struct alps_slot *s, __u64 used_ns)
{
	__u32 function_id = s->function_id;
	struct alps_function_stats *f = bpf_map_lookup_elem(&function_stats, &function_id);

	if (f && !f->invocations && used_ns > f->most_attained_ns)
		f->most_attained_ns = used_ns;
}

#endif
