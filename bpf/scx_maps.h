/* SPDX-License-Identifier: GPL-2.0-only */
/* Tunables, maps and the state of scx.bpf.c. All times are nanoseconds. */
#ifndef ALPS_SCX_MAPS_H
#define ALPS_SCX_MAPS_H

#include "rank.h"

/* A task waits for a CPU no longer than this, about. More: short functions are held up less often by those that waited. */
const volatile __u64 bound_ns = 5000 * MS;
/* A task that has waited for so long goes before everything, as the kernel ends a scheduler that lets one wait for 30 s. */
const volatile __u64 urgent_ns = 20000 * MS;
/* What a task runs at least when it goes first because of its wait. Less: more switches; more: others wait for it. */
const volatile __u64 overdue_run_ns = 4 * MS;
/* A shorter stint does not count as served: somebody else came at once. Less: some make no step in it; more: turns that were enough count as waits. */
const volatile __u64 least_stint_ns = 100000;
/*
 * One part in so many of the functions' CPU time goes to the one that has waited longest. Less: long functions get more
 * while they wait, and short ones are slower by as much. 0: nothing.
 */
const volatile __u64 floor_part = 64;
/* The turn of a function's task. Each tick compares it with those that wait anyway. Less: more choices that change nothing. */
const volatile __u64 function_slice_ns = 20 * MS;
/* The turn of a task that is no function's. Less: others wait less for it; more: fewer switches. */
const volatile __u64 other_slice_ns = 4 * MS;
/* How far in front of the others a task comes that has slept or is new. More: it waits less, and takes it from those that run. */
const volatile __u64 credit_ns = 4 * MS;
/* How far the functions as a whole may fall behind the others' weighted-fair time. More: they catch up for longer. */
const volatile __u64 lag_ns = 100 * MS;
/* How far behind the others' weighted-fair time a task comes at most by yielding. More: it waits longer for those that do not. */
const volatile __u64 yield_ns = 20 * MS;
/* A waiting task that is no function's takes a running one's place where it is owed this much more. Less: more switches. */
const volatile __u64 other_margin_ns = 1 * MS;
/* Shorter times of running are saved up until they are accounted. Less: each switch costs more; more: claims are known less finely. */
const volatile __u64 least_account_ns = 20000;
/* How often overdue waits are looked for. Less: the bound is kept more finely, at a microsecond each time. */
const volatile __u64 look_ns = 4 * MS;
/* After so long a cgroup's CPU limit is read again. Less: a new limit holds sooner; a read takes some 50 ns. */
const volatile __u64 limit_read_ns = 20 * MS;
/* CPUs that there can be. */
const volatile __u32 cpu_ids = 1;

enum {
	MAX_CPUS = 1024,
	MAX_GROUPS = 8192,
	GROUP_DEPTH = 16, /* of groups; cgroups further down count as those around them */
	/* Those that have waited too long come out of their kind's turn at one choice in so many: thousands of them do not stop all else. */
	LATE_TURNS = 4,
	CGROUP_DEPTH = 4096, /* of cgroups, up to the next one that has a group; nobody nests them so deep */
	MAX_WAITS = 1 << 15, /* in each of the two rings */
};

/* Queues. */
enum {
	FUNCTIONS = 1, /* by rank */
	OTHERS = 2, /* by weighted-fair time */
	/* Of those that have waited too long, by the beginning of the wait; each before the others of its kind. */
	LATE_FUNCTIONS = 3,
	LATE_OTHERS = 4,
	ASIDE = 1 << 16, /* + number of the group: tasks that its CPU limit holds back */
};

enum kind {
	NOBODY = 0,
	FUNCTION = 1,
	OTHER = 2,
};

/* What is known about a task. */
struct scx_task {
	__u64 time; /* weighted-fair, of one that is no function's */
	__u64 on_ns; /* since when what it runs is not accounted; 0: it does not run */
	__u64 wait_ns; /* since when it waits for a CPU; 0: it does not */
	__u64 unserved_ns; /* since when it has wanted a CPU, and had none for least_stint_ns at a stretch; 0: it has */
	__u64 got_ns; /* when it got its CPU last */
	__u64 key; /* a function's: its rank when it was queued */
	__u64 first_until_ns; /* a function's: it goes first until its invocation has used this, because it waited too long */
	__u32 group;
	__u32 kind;
	__u32 counted; /* weight with which it is counted in its group; 0: it is not */
	__u32 counted_kind;
	__u32 yields; /* it has given up its CPU for others */
	__u32 unnoted; /* its wait had no room in the rings */
	__u32 in_order; /* it waits in the queue of others: whoever is before it there runs before it */
	__u32 shares_group; /* the group is of a cgroup around its own, for which there was no room */
	__u32 generation; /* of its group, when it joined that */
	__u32 stopped; /* it has just been taken off its CPU, and wants it back */
	__u64 saved_ns; /* it has run for so long without that being accounted, and not on_ns either */
	__u64 watched_ns; /* of one that shares: when the limits up to the group's cgroup were looked at last */
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct scx_task);
} scx_tasks SEC(".maps");

/* What each CPU runs; written there, read by whoever looks for one to preempt. */
struct scx_cpu {
	__u64 key; /* a function's rank, or another's weighted-fair time, at at_ns */
	__u64 at_ns;
	__u64 margin_ns; /* by which another must be better */
	__u64 weight; /* effective */
	__u32 kind;
	__u32 group;
	__u32 passed; /* how often those that had waited too long were passed by, as it was not their kind's turn */
	__u32 reserved;
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_CPUS);
	__type(key, __u32);
	__type(value, struct scx_cpu);
} cpus SEC(".maps");

struct alps_scx scx SEC(".data.scx");

/* Weighted-fair times: of the functions as a whole, and where the others are. */
__s64 function_time, other_time;

/* Tasks of the kind FUNCTION: without any, none is in their queues, and looking is saved. */
__s64 function_tasks;
/*
 * A task may be in one of the queues of those that have waited too long. Whoever puts one there says so; the timer that looks at
 * waits says each time how it is: what is not in its queue yet has its wait in the ring, and is seen with the next look.
 */
__u64 late;

static __always_inline bool before(__u64 a, __u64 b)
{
	return (__s64)(a - b) < 0;
}

static __always_inline struct scx_task *scx_task_of(struct task_struct *p)
{
	return bpf_task_storage_get(&scx_tasks, p, 0, 0);
}

static __always_inline struct scx_cpu *cpu_of(__u32 cpu)
{
	return bpf_map_lookup_elem(&cpus, &cpu);
}

/* A tick can come between two looks at the kind: it is counted by who has changed it. */
static __always_inline void set_kind(struct scx_task *t, __u32 kind)
{
	__u32 was = __sync_lock_test_and_set(&t->kind, kind);

	if (was != kind && was == FUNCTION)
		__sync_fetch_and_add(&function_tasks, -1);
	if (was != kind && kind == FUNCTION)
		__sync_fetch_and_add(&function_tasks, 1);
}

static __always_inline void count(__u64 *counter)
{
	__sync_fetch_and_add(counter, 1);
}

#endif
