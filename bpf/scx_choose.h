/* SPDX-License-Identifier: GPL-2.0-only */
/* What a CPU runs next, where that is simple: whoever has run, or the first of those that are no function's. */
#ifndef ALPS_SCX_CHOOSE_H
#define ALPS_SCX_CHOOSE_H

/* Whether the task that has run goes on: nobody that waits is to run instead. Then it gets another turn. */
static __always_inline bool goes_on(struct scx_task *t, struct task_struct *p, bool functions_turn, bool late, bool waits,
				    __u64 waiting, __u64 now)
{
	struct alps_slot *s = t->kind == FUNCTION ? invocation_of(p) : 0;
	__u64 key;

	if (t->yields && t->kind == FUNCTION)
		return false;
	if (s && functions_turn) {
		key = function_key(t, s, now);
		if (late && key > 1)
			return false;
		if (waits && waiting + margin_of(key, s) < key)
			return false;
		p->scx.slice = function_slice_ns;
		return true;
	}
	if (t->kind == OTHER && !functions_turn) {
		if (late || (waits && before(waiting, t->time)))
			return false;
		t->yields = 0;
		p->scx.slice = other_slice_ns;
		return true;
	}
	return false;
}

/* No function's task is there, and nobody has waited too long: as on any machine for most of the time. */
static __always_inline void dispatch_others(struct scx_task *t, struct task_struct *prev, __s32 cpu, __u64 now)
{
	__u64 time = 0;
	bool waits;

	if (t && !t->yields) {
		/* It stops for somebody, as a rule. */
		waits = peek_at(OTHERS, cpu, &time, true, true);
		if (goes_on(t, prev, false, false, waits, time, now))
			return;
	}
	if (!dsq_take(OTHERS) && t) {
		t->yields = 0;
		prev->scx.slice = other_slice_ns;
	}
}

#endif
