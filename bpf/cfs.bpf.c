// SPDX-License-Identifier: GPL-2.0-only
/*
 * ALPS inside CFS: the answers to the hooks that our kernel patch adds (kernel/patches, Documentation/scheduler/sched-alps.rst
 * there). The kernel asks under the run queue's lock, so the hooks only look things up. Which one runs is the kernel's
 * decision; this says what it decides by.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "alps.h"
#include "cfs_maps.h"

char LICENSE[] SEC("license") = "GPL";

/* Ranks begin with 1, as 0 is none. */
#define FIRST 1

/* How long a task of the invocation is in its slice, within bounds. */
static __always_inline __u64 slice_of(struct alps_slot *s)
{
	__u32 function_id = s->function_id;
	struct alps_rank *r = bpf_map_lookup_elem(&ranks, &function_id);
	__u64 ns = r && r->slice_ns ? r->slice_ns : slice_ns;

	return ns < least_slice_ns ? least_slice_ns : ns > most_slice_ns ? most_slice_ns : ns;
}

/*
 * Whether a task has just been forked by a process whose children become invocations, and has not called exec since: as it
 * is about to be one, it goes before them, for a short time.
 */
static __always_inline bool is_starting(struct task_struct *p)
{
	__u32 parent;

	if (!(p->flags & PF_FORKNOEXEC) || p->se.sum_exec_runtime >= starting_ns)
		return false;
	parent = p->real_parent->tgid;
	return bpf_map_lookup_elem(&spawners, &parent) != 0;
}

/*
 * The rank of a task: the least runs first, 0 is none. One that runs, for `ran_ns` so far, and has not used up its slice gives
 * way to those only that are better by a margin.
 */
SEC("fmod_ret/alps_cfs_rank")
__u64 BPF_PROG(cfs_rank, struct task_struct *p, __u64 ran_ns, __u64 ret)
{
	struct alps_slot *s = invocation_of(p);
	__u64 used_ns, key;

	if (!s)
		return is_starting(p) ? FIRST : 0;
	used_ns = attained(s, bpf_ktime_get_ns());
	note_attained(s, used_ns);
	key = key_of(s, used_ns);
	return ran_ns && ran_ns < slice_of(s) ? key - margin_of(key, s) : key;
}

/* After so long a task with a rank runs, whatever the rank is. */
SEC("fmod_ret/alps_cfs_max_wait")
__u64 BPF_PROG(cfs_max_wait, __u64 ret)
{
	return bound_ns;
}

/* The invocation has begun: observe.bpf.c was told before. */
SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec_cfs, struct task_struct *p, int old_pid, struct linux_binprm *bprm)
{
	struct alps_slot *s = invocation_of(p);
	__u64 now = bpf_ktime_get_ns();
	__u32 parent;

	if (!s || s->pid != p->tgid)
		return 0;
	parent = p->real_parent->tgid;
	bpf_map_update_elem(&spawners, &parent, &now, BPF_ANY);
	return 0;
}
