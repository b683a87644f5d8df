/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Warm instances: processes that stay up and serve one request after another. An invocation is the stretch between two
 * idle periods longer than the gap; an instance is idle while none of its tasks runs or waits for a CPU.
 *
 * A stretch ends at the instant at which the instance became idle, but that is known only a gap later: when it wakes up
 * again, or when a timer expires, whichever comes first. The timer makes sure that the end is known without another
 * request. Both may find the end at once: who changes `life` has it.
 *
 * A few timers are shared by all slots. A slot whose instance has fallen idle is marked as pending with its timer, which is
 * armed for the soonest gap's end of its slots: one that blocks often has one expiry per gap, and an idle machine none.
 */
#ifndef ALPS_OBSERVE_WARM_H
#define ALPS_OBSERVE_WARM_H

static int gap_over(void *map, __u32 *timer, struct alps_gap_timer *gap);

/* Bounds loops that other CPUs could prolong. More: arming fails less often; it has not been seen to take three. */
#define ALPS_ARM_TRIES 4

/* Makes the timer one that works: for bpf_for_each_map_elem, which counts those for which there was no memory just now. */
static long prepare_gap_timer(void *map, __u32 *timer, struct alps_gap_timer *gap, __u32 *missing)
{
	long status = bpf_timer_init(&gap->timer, &gap_timers, CLOCK_MONOTONIC);

	if (status == 0)
		status = bpf_timer_set_callback(&gap->timer, gap_over);
	if (status != 0 && status != -EBUSY) /* busy: it was one before */
		++*missing;
	return 0;
}

/* Has the timer expire at `expires_ns`, where it would not do so before. */
static __always_inline void arm_gap_timer(struct alps_gap_timer *gap, __u64 expires_ns)
{
	__u64 armed_ns, now;
	int i;

	for (i = 0; i < ALPS_ARM_TRIES; i++) {
		armed_ns = gap->expires_ns;
		if (armed_ns && armed_ns <= expires_ns)
			return;
		if (__sync_val_compare_and_swap(&gap->expires_ns, armed_ns, expires_ns) == armed_ns)
			break;
	}
	/* Another CPU may arm it for sooner at the same time, and be overtaken by us: whoever is last puts that right. */
	for (i = 0; i < ALPS_ARM_TRIES; i++) {
		now = bpf_ktime_get_ns();
		if (bpf_timer_start(&gap->timer, expires_ns > now ? expires_ns - now : 0, 0) != 0) {
			gap->expires_ns = 0; /* there was no memory for it: the next wake-up finds the end */
			return;
		}
		armed_ns = gap->expires_ns;
		if (armed_ns == 0 || armed_ns == expires_ns)
			return;
		expires_ns = armed_ns;
	}
}

/* Has the slot, whose instance is idle, looked at when its gap is over. */
static __always_inline void await_gap(struct alps_slot *s, __u32 slot)
{
	__u32 timer = slot % ALPS_GAP_TIMERS, nth = slot / ALPS_GAP_TIMERS;
	struct alps_gap_timer *gap;
	__u64 bit = 1ull << (nth % 64);

	if (!has_timers)
		return;
	gap = bpf_map_lookup_elem(&gap_timers, &timer);
	/* Pending still, from when it was idle before: that is sooner, and leads here again. */
	if (!gap || __sync_fetch_and_or(&gap->pending[nth / 64 % ALPS_GAP_WORDS], bit) & bit)
		return;
	arm_gap_timer(gap, s->idle_since_ns + s->gap_us * 1000ull + 1);
}

/* Ends the life `life` of the slot and counts its invocation, unless someone else has ended it. */
static __always_inline bool end_life(struct alps_slot *s, __u32 life, __u64 end_ns)
{
	if (!(life & 1) || __sync_val_compare_and_swap(&s->life, life, life + 1) != life)
		return false;
	__sync_fetch_and_add(&shared.active, -1);
	if (!(s->flags & ALPS_PARTIAL))
		count_invocation(s, end_ns);
	return true;
}

/*
 * Ends the invocation in progress, as of the instant at which the instance became idle. None of its tasks is runnable, so
 * what is read here stands still. Returns whether it was this call that ended it.
 *
 * The record is reserved first, so that it comes before that of the next invocation's begin. Whether there is one is asked
 * only once: up to Linux 6.1 the verifier forgets the answer, and takes the record for lost at the second time.
 */
static __noinline bool end_stretch(struct alps_slot *s, __u32 slot, __u32 life, bool wake)
{
	struct alps_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	__u64 end_ns = s->idle_since_ns;

	if (!e) {
		if (!end_life(s, life, end_ns))
			return false;
		__sync_fetch_and_add(&shared.lost_ring_full, 1);
		return true;
	}
	fill_event(e, ALPS_EVENT_IDLE, s, slot, s->last_tid, life, wake);
	e->end_ns = end_ns;
	if (!end_life(s, life, end_ns)) {
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
		return false;
	}
	__sync_fetch_and_add(&shared.events, 1);
	bpf_ringbuf_submit(e, wakeup_flags(wake));
	return true;
}

/*
 * What user space has decided meanwhile: the gap, and of a function of mode auto whether it is warm. Where it has become so,
 * the stretch in progress was several invocations.
 */
static __always_inline void take_mode(struct alps_slot *s)
{
	struct alps_mode *mode;

	mode = bpf_map_lookup_elem(&modes, &s->function_id);
	if (!mode)
		return;
	s->gap_us = mode->gap_us;
	if (s->flags & ALPS_AUTO && (mode->flags ^ s->flags) & ALPS_WARM) {
		__sync_fetch_and_xor(&s->flags, ALPS_WARM);
		__sync_fetch_and_or(&s->flags, ALPS_PARTIAL);
	}
}

/* The instance has been idle for so long. */
static __always_inline void count_idle(struct alps_slot *s, __u64 idle_ns)
{
	struct alps_idle *idle = bpf_map_lookup_elem(&idle_lengths, &s->function_id);

	/* Another CPU's clock may be a little ahead. */
	if (idle && (__s64)idle_ns >= 0)
		__sync_fetch_and_add(&idle->hist[bucket_of(idle_ns) % ALPS_HIST_BUCKETS], 1);
}

/* What begins with an invocation in a slot, at `now`. */
static __always_inline void reset_stretch(struct alps_slot *s, __u64 now, __u64 running_ns)
{
	s->start_ns = now;
	s->cpu_base_ns = s->cpu_ns + running_ns;
	s->wait_base_ns = s->wait_ns;
	s->preemptions_base = s->preemptions;
	s->overlap_ns = 0;
	s->busy_tasks = 0;
	/* Atomic, as all that changes flags of a slot in use: what the platform tells comes from another CPU. */
	__sync_fetch_and_and(&s->flags, ~ALPS_PARTIAL);
}

/*
 * `p` is the first task of the instance to want a CPU. Returns whether an invocation begins with it; if the one before was
 * in progress still, it has been ended.
 */
static __noinline bool woke_up(struct alps_slot *s, __u32 slot, struct task_struct *p, __u64 now)
{
	__u32 life = s->life;

	if (s->flags & ALPS_TOLD) {
		if ((__u32)(now / 1000000) - s->told_ms < told_holds_ms)
			return false;
		/* Whoever told has gone, or has forgotten this instance. */
		__sync_fetch_and_and(&s->flags, ~ALPS_TOLD);
	}
	if (s->flags & ALPS_WARM)
		count_idle(s, now - s->idle_since_ns);
	if (life & 1) {
		/* Signed: another CPU's clock may be a little ahead. What has not run yet was not idle. */
		if ((__s64)(now - s->idle_since_ns) <= (__s64)(s->gap_us * 1000ull) || s->first_run_ns < s->start_ns)
			return false;
		s->idle_periods++;
		take_mode(s);
		if (!(s->flags & ALPS_WARM))
			return false;
		end_stretch(s, slot, life, false);
		life = s->life;
	} else {
		s->idle_periods++;
		take_mode(s);
	}
	reset_stretch(s, now, 0);
	/* An idle instance that is killed wakes up to die: that is no invocation. */
	if (BPF_CORE_READ(p, signal, flags) & SIGNAL_GROUP_EXIT)
		__sync_fetch_and_or(&s->flags, ALPS_PARTIAL);
	if (life & 1 || __sync_val_compare_and_swap(&s->life, life, life + 1) != life)
		return false;
	__sync_fetch_and_add(&shared.active, 1);
	return true;
}

/* A task of a warm instance has used `cpu_ns` more. */
static __always_inline void count_busy(struct alps_task *t, struct alps_slot *s, __u64 cpu_ns)
{
	if (t->life != s->life) {
		t->life = s->life;
		t->cpu_ns = 0;
	}
	if (t->cpu_ns < busy_least_ns && t->cpu_ns + cpu_ns >= busy_least_ns)
		__sync_fetch_and_add(&s->busy_tasks, 1);
	t->cpu_ns += cpu_ns;
}

/*
 * Ends the slot's invocation where its gap is over. Not static: the verifier looks at it once, and not once for each bit that
 * the loop below may find.
 */
__noinline int look_at_gap(__u32 slot)
{
	struct alps_slot *s = bpf_map_lookup_elem(&slots, &slot);
	__u32 life;

	if (!s)
		return 0;
	life = s->life;
	if (s->state != ALPS_SLOT_BUSY || (s->flags & (ALPS_WARM | ALPS_TOLD)) != ALPS_WARM || !(life & 1) || s->runnable)
		return 0;
	/* Signed: another CPU's clock may be a little ahead. */
	if ((__s64)(s->idle_since_ns + s->gap_us * 1000ull - bpf_ktime_get_ns()) >= 0)
		await_gap(s, slot);
	else
		/* In a hurry where CPUs are short: it may have been demoted, and is not to be so at its next request. */
		end_stretch(s, slot, life, contended());
	return 0;
}

/* The timers' callback. What is cleared is cleared before it is looked at: whoever falls idle from there on arms anew. */
static int gap_over(void *map, __u32 *timer, struct alps_gap_timer *gap)
{
	__u32 first = *timer, word, bit;
	__u64 pending;

	__sync_lock_test_and_set(&gap->expires_ns, 0);
	for (word = 0; word < ALPS_GAP_WORDS; word++) {
		pending = gap->pending[word] ? __sync_lock_test_and_set(&gap->pending[word], 0) : 0;
		for (bit = 0; bit < 64 && pending >> bit; bit++)
			if (pending >> bit & 1)
				look_at_gap((word * 64 + bit) * ALPS_GAP_TIMERS + first);
	}
	return 0;
}

/*
 * The platform says that an invocation begins in a warm instance, or is over. Its tasks may run: what the stints under way have
 * used so far is the one's, and the rest of them the next one's. From the first time on, gaps do not count in this instance, until
 * nothing has been told for told_holds_ms and it wakes up.
 */
static __always_inline bool told(struct alps_slot *s, __u32 slot, bool begins)
{
	__u64 now = bpf_ktime_get_ns(), running_ns;
	__u32 life;

	s->told_ms = now / 1000000;
	__sync_fetch_and_or(&s->flags, ALPS_TOLD);
	running_ns = s->running * (now - s->base_ns) - s->running_since_ns;
	if (s->running == 0 || (__s64)running_ns < 0)
		running_ns = 0;
	life = s->life;
	if (life & 1) {
		s->cpu_base_ns -= running_ns;
		s->idle_since_ns = now;
		if (!end_stretch(s, slot, life, contended()))
			s->cpu_base_ns += running_ns;
		life = s->life;
	}
	if (!begins)
		return true;
	reset_stretch(s, now, running_ns);
	if (s->running)
		s->first_run_ns = now;
	if (life & 1 || __sync_val_compare_and_swap(&s->life, life, life + 1) != life)
		return false;
	__sync_fetch_and_add(&shared.active, 1);
	emit(ALPS_EVENT_START, s, slot, s->last_tid, contended());
	return true;
}

#endif
