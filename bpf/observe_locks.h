/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Locks in the kernel. Who waits for one is its next owner: where it is in the idle class then, all who come after it wait for
 * what the normal class leaves. The mapping of a shared library is such a lock, which every exec and fork on the machine
 * takes: with thousands demoted, the machine came to a standstill. The kernel has no priority inheritance for these locks, so
 * user space is told, and leaves the invocation normal until it is past them.
 */
#ifndef ALPS_OBSERVE_LOCKS_H
#define ALPS_OBSERVE_LOCKS_H

/* Whether only the process itself can be held up by the lock: its own address space's. */
static __always_inline bool is_own_lock(struct task_struct *p, void *lock)
{
	struct mm_struct *mm = p->mm;

	return mm && lock == __builtin_preserve_access_index(&mm->mmap_lock);
}

/* The running task `p` is about to sleep until it has `lock`. */
static __always_inline void await_lock(struct task_struct *p, void *lock)
{
	struct alps_task *t;
	struct alps_slot *s;

	/* Nobody is demoted, nor will be when it wakes up. */
	if (!contended() || is_own_lock(p, lock))
		return;
	t = task_of(p);
	if (t && (s = slot_of(t)))
		emit(ALPS_EVENT_LOCK, s, t->slot - 1, p->pid, true);
}

#endif
