/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The maps of observe.bpf.c that scx.bpf.c and cfs.bpf.c work with too: what an invocation has used is measured once. User space
 * has the second object take over the first one's.
 */
#ifndef ALPS_SHARED_MAPS_H
#define ALPS_SHARED_MAPS_H

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ALPS_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct alps_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct alps_task);
} tasks SEC(".maps");

/* Mapped into user space as the section's own map. */
struct alps_shared shared SEC(".data.shared");

/* Whether any task can be an invocation's: asked at every switch, before whose that is is looked up. */
static __always_inline bool any_slot(void)
{
	return *(volatile __u32 *)&shared.slots != 0;
}

/* Entries are made by user space when it first names a function, never here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 17);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct alps_function_stats);
} function_stats SEC(".maps");

#endif
