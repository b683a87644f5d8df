/* SPDX-License-Identifier: GPL-2.0-only */
/* Tunables and maps of cfs.bpf.c. All times are nanoseconds. */
#ifndef ALPS_CFS_MAPS_H
#define ALPS_CFS_MAPS_H

#include "rank.h"

/* A function's task waits for a CPU no longer than this, about. More: short functions are held up less often by those that waited. */
const volatile __u64 bound_ns = 5000 * MS;
/* How long a task is in its slice, where its policy says nothing. More: fewer switches, and less exactly the best one runs. */
const volatile __u64 slice_ns = 20 * MS;
/* Bounds of the policy's slices. Less at least: more switches; more at most: a better one waits for longer. */
const volatile __u64 least_slice_ns = 4 * MS;
const volatile __u64 most_slice_ns = 200 * MS;
/* CPU time that a child goes first for, before it calls exec. More: slow hosts' children wait less; others can use it longer. */
const volatile __u64 starting_ns = 3 * MS;

/* Processes whose children have become invocations, by process id; the value is when that was last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} spawners SEC(".maps");

#endif
