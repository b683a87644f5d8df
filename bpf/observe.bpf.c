// SPDX-License-Identifier: GPL-2.0-only
/*
 * Observation: which invocations are in progress, and what CPU time, waiting and preemptions each has had.
 *
 * An invocation owns a slot of the mapped array `slots`; its tasks (threads and child processes) point to it from task
 * storage. The programs on the switch and wake-up paths only look things up: whatever allocates happens at fork, exec,
 * rename, cgroup moves and in the iterator. A task that is no function costs one look-up there.
 */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "alps.h"
#include "observe_maps.h"
#include "observe_count.h"
#include "observe_warm.h"
#include "observe_groups.h"
#include "observe_account.h"
#include "observe_members.h"
#include "observe_classify.h"
#include "observe_locks.h"

char LICENSE[] SEC("license") = "GPL";

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct alps_task *t = task_of(parent);

	if (t) {
		struct alps_slot *s = slot_of(t);
		struct alps_task *own = s ? make_task(child) : 0;

		if (own)
			add_task(s, t->slot - 1, own, child, 0, ALPS_TASK_BLOCKED, false, true);
		else if (s)
			__sync_fetch_and_add(&shared.lost_no_memory, 1);
		return 0;
	}
	/* Its parent is known to be no function, and it is alike, unless it was born into another cgroup. */
	if (shared.key_parts & ALPS_KEY_CGROUP && child->pid == child->tgid && child->cgroups != parent->cgroups)
		classify(child, 0);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *p, int old_pid, struct linux_binprm *bprm)
{
	/* A thread that calls exec takes over its process's first thread's id. */
	if (old_pid != p->pid)
		renumber(p, old_pid);
	classify(p, bprm->filename);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *p, const char *comm)
{
	/* exec renames too: its own hook asks, once everything is in place. Names of threads are not looked at. */
	if (!(shared.key_parts & ALPS_KEY_COMM) || p->pid != p->tgid || in_exec(p))
		return 0;
	classify_renamed(p, comm);
	return 0;
}

SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_move, struct cgroup *destination, const char *path, struct task_struct *p, bool threadgroup)
{
	struct alps_task *t = task_of(p);
	struct alps_slot *s;

	if (t && (s = slot_of(t)))
		note_group(s, p);
	if (shared.key_parts & ALPS_KEY_CGROUP && p->pid == p->tgid)
		classify(p, 0);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *p)
{
	struct alps_task *t = member_of(p);

	if (t)
		account_wakeup(t, p);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *p)
{
	struct alps_task *t = member_of(p);

	if (t)
		account_wakeup(t, p);
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(on_migrate, struct task_struct *p, int cpu)
{
	struct alps_task *t = member_of(p);
	struct alps_slot *s;

	if (t && (s = slot_of(t))) {
		s->cpu = cpu;
		s->last_tid = p->pid;
	}
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	struct alps_task *t;

	t = member_of(prev);
	if (t)
		account_switch_out(t, prev, preempt || prev->__state == 0);
	t = member_of(next);
	if (t)
		account_switch_in(t, next);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *p)
{
	struct alps_task *t = task_of(p);

	if (t)
		leave(t, p);
	return 0;
}

/* Loaded where the kernel has the hook (Linux 5.19). */
SEC("?tp_btf/contention_begin")
int BPF_PROG(on_contention, void *lock, unsigned int flags)
{
	if (!(flags & LCB_F_SPIN))
		await_lock(bpf_get_current_task_btf(), lock);
	return 0;
}

/* Whether a warm instance runs already for who knows how long, so that its invocation in progress is not wholly seen. */
static __always_inline bool found_warm(struct alps_slot *s, struct alps_adopt *root)
{
	if (!(s->flags & ALPS_WARM) || root->begin_ns)
		return false;
	__sync_fetch_and_or(&s->flags, ALPS_PARTIAL);
	return true;
}

/* CPU time of `p` that is not the invocation's. */
static __always_inline __u64 exec_base(struct alps_slot *s, struct task_struct *p, struct alps_adopt *own,
				       struct alps_adopt *root)
{
	__u64 exec = p->se.sum_exec_runtime;

	/* Else the compiler makes one load of two, whose pointers the verifier tells apart. */
	barrier_var(exec);
	if (s->flags & ALPS_WARM && !root->begin_ns)
		return exec;
	return p->pid == p->tgid ? own->exec_base_ns : 0;
}

/* Writes a struct alps_group for every group that a task which belongs to no invocation is in. */
SEC("iter/task")
int foreign_groups(struct bpf_iter__task *ctx)
{
	struct task_struct *p = ctx->task;

	if (p && is_foreign(p))
		write_groups(ctx->meta->seq, p, helped_pod(p));
	return 0;
}

/*
 * Makes processes that run already part of an invocation, as user space wrote into `adoptions`. Threads follow their
 * process. Run by reading from an iterator's descriptor; writes the process's id for each task for which there was no memory.
 */
SEC("iter/task")
int adopt(struct bpf_iter__task *ctx)
{
	struct task_struct *p = ctx->task;
	struct alps_adopt *own, *root;
	struct alps_slot *s;
	struct alps_task *t;
	__u32 pid, root_pid, i;

	/* One that exits has been let go already, and nothing would let it go again. */
	if (!p || p->flags & (PF_KTHREAD | PF_EXITING))
		return 0;
	pid = p->tgid;
	own = bpf_map_lookup_elem(&adoptions, &pid);
	if (!own || (own->process_start_ns && own->process_start_ns != BPF_CORE_READ(p, group_leader, start_time)))
		return 0;
	root_pid = own->root;
	root = own->root == pid ? own : bpf_map_lookup_elem(&adoptions, &root_pid);
	if (!root)
		return 0;
	t = task_of(p);
	if (root->function_id == ALPS_NO_FUNCTION) {
		if (t)
			leave(t, p);
		return 0;
	}
	if (t) {
		s = slot_of(t);
		if (s && s->function_id == root->function_id) {
			/* It belongs there already: it was asked about twice before the first answer came. */
			if (own == root && !root->slot) {
				root->generation = t->generation;
				root->slot = t->slot;
			}
			return 0;
		}
		leave(t, p);
	}
	t = make_task(p);
	if (!t) {
		if (shared.last_attempt)
			__sync_fetch_and_add(&shared.lost_no_memory, 1);
		else
			bpf_seq_write(ctx->meta->seq, &pid, sizeof(pid));
		return 0;
	}
	if (!root->slot) {
		s = take_slot(root_pid, root->function_id, root->begin_ns ?: p->start_time, &i);
		if (!s)
			return 0;
		root->generation = s->generation;
		root->slot = i + 1;
		if (found_warm(s, root))
			s->start_ns = s->base_ns = s->first_run_ns = bpf_ktime_get_ns();
		if (!adopt_task(s, i, t, p, exec_base(s, p, own, root), true)) {
			free_slot(s);
			root->slot = 0;
			return 0;
		}
	} else {
		i = root->slot - 1;
		s = bpf_map_lookup_elem(&slots, &i);
		if (!s || s->generation != root->generation)
			return 0;
		adopt_task(s, i, t, p, exec_base(s, p, own, root), false);
	}
	if (s->flags & ALPS_WARM && !s->runnable)
		await_gap(s, i);
	return 0;
}

/* Prepares the timers for the ends of gaps, and writes how many have no memory yet. Run as `adopt` is, until that is 0. */
SEC("iter/task")
int prepare_timers(struct bpf_iter__task *ctx)
{
	__u32 missing = 0;

	if (ctx->task) /* called once more after the last task, and only that counts */
		return 0;
	if (has_timers)
		bpf_for_each_map_elem(&gap_timers, prepare_gap_timer, &missing, 0);
	bpf_seq_write(ctx->meta->seq, &missing, sizeof(missing));
	return 0;
}

/* Carries out what user space wrote into `telling`. Run as `adopt` is; it goes over maps, because these are few. */
SEC("iter/bpf_map")
int tell(struct bpf_iter__bpf_map *ctx)
{
	__u32 zero = 0, slot;
	struct alps_tell *c;
	struct alps_slot *s;

	if (ctx->map) /* called once more after the last one, and only that counts */
		return 0;
	c = bpf_map_lookup_elem(&telling, &zero);
	if (!c)
		return 0;
	slot = c->slot;
	s = bpf_map_lookup_elem(&slots, &slot);
	if (!s || s->generation != c->generation || s->state != ALPS_SLOT_BUSY || !(s->flags & ALPS_WARM))
		return 0;
	c->done = told(s, slot, c->begins);
	return 0;
}

/* Lists the tasks of all invocations, for when events about them have been lost. Run as `adopt` is. */
SEC("iter/task")
int members(struct bpf_iter__task *ctx)
{
	struct task_struct *p = ctx->task;
	struct alps_member m = {};
	struct alps_task *t;

	if (!p)
		return 0;
	t = task_of(p);
	if (!t || !slot_of(t))
		return 0;
	m.slot = t->slot - 1;
	m.generation = t->generation;
	m.tid = p->pid;
	bpf_seq_write(ctx->meta->seq, &m, sizeof(m));
	return 0;
}
