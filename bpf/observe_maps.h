/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps, tunables and the ring buffer of observe.bpf.c. */
#ifndef ALPS_OBSERVE_MAPS_H
#define ALPS_OBSERVE_MAPS_H

#include "shared_maps.h"

/* A task's wait for a CPU that is longer than this is counted. More: fewer are. */
const volatile __u64 max_wait_ns = 5000000000;
/*
 * Waiting tasks are counted by when their wait began, in steps of this; ALPS_WAIT_BUCKETS steps later the counters are
 * used again. Less: the age of the oldest wait is known more finely, but a long one is sooner taken for a new one.
 */
const volatile __u64 wait_bucket_ns = 625000000;
/* Least time between two kicks of one invocation. Less: blocking functions are re-ordered sooner and cost more events. */
const volatile __u64 kick_interval_ns = 1000000;
/*
 * What at least two tasks of a warm instance must use in one invocation, and how long they must want a CPU at once, so that it
 * is said that requests overlap. Less: helper threads of a runtime are taken for that, too.
 */
const volatile __u64 busy_least_ns = 1000000;
/*
 * Whether the kernel has timers for programs (with PREEMPT_RT it has not). 0: the end of a warm invocation is known only when
 * its instance wakes up again.
 */
const volatile __u32 has_timers = 1;
/*
 * How long after the platform has told something of an instance gaps do not count there. Less: what lasts longer than this is
 * taken for several invocations where it sleeps. More: where nobody tells any more, that is noticed later.
 */
const volatile __u32 told_holds_ms = 3600000;
/* Bytes waiting in the ring from which the reader is woken in any case. */
const volatile __u64 ring_fill_bytes = 256 * 1024;

const volatile union alps_interface interface;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, ALPS_RING_BYTES);
} events SEC(".maps");

/* How each function's invocations are told apart. Entries are user space's. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 17);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct alps_mode);
} modes SEC(".maps");

/* One word of `pending` for each 64 slots of a timer. */
#define ALPS_GAP_WORDS (ALPS_SLOTS / ALPS_GAP_TIMERS / 64)

/*
 * The timers for the ends of gaps: slot i has timer i % ALPS_GAP_TIMERS. Each takes memory once, before the first warm
 * instance. One for each slot would take it when a process begins, and a kernel that may not wait for memory there (Linux
 * 6.18 in a switch or exec) refuses it a third of the time.
 */
struct alps_gap_timer {
	struct bpf_timer timer;
	__u64 expires_ns; /* 0: it is not armed */
	__u64 pending[ALPS_GAP_WORDS]; /* slots to be looked at when it expires: bit i / ALPS_GAP_TIMERS */
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, ALPS_GAP_TIMERS);
	__type(key, __u32);
	__type(value, struct alps_gap_timer);
} gap_timers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct alps_key);
	__type(value, struct alps_verdict);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct alps_adopt);
} adoptions SEC(".maps");

/* Entries are user space's, for functions whose gap is to be learned. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 15);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct alps_idle);
} idle_lengths SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct alps_tell);
} telling SEC(".maps");

/*
 * Cgroups of the cpu controller that hold no function and serve one alone: a proxy in its pod, the process that keeps the
 * pod's namespaces. By their ids; the value is the id of the pod's cgroup, for beyond it they serve others, too.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1 << 15);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, __u64);
} helper_groups SEC(".maps");

/* A key is too large for the stack. Programs that use it run with preemption off and are not entered from interrupts. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct alps_key);
} scratch SEC(".maps");

/* More invocations want to run than there are CPUs, now or just before: only then does an order matter at once. */
static __always_inline bool contended(void)
{
	return shared.runnable > shared.cores;
}

static __always_inline __u64 wakeup_flags(bool wake)
{
	/*
	 * Deciding per record between the two explicit flags loses no wake-up; mixing either with the default does
	 * (the default wakes only a reader that has caught up).
	 */
	if (wake || bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > ring_fill_bytes)
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

/* Clock ticks of /proc: USER_HZ is 100 on every architecture that we run on. */
#define NS_PER_TICK 10000000ull

/* The invocation `life` of slot `s` as it is now. */
static __always_inline void fill_event(struct alps_event *e, __u32 kind, struct alps_slot *s, __u32 slot, __u32 tid,
				       __u32 life, bool wake)
{
	e->kind = kind;
	e->slot = slot;
	e->generation = s->generation;
	e->function_id = s->function_id;
	e->pid = s->pid;
	e->tid = tid;
	e->preemptions = s->preemptions - s->preemptions_base;
	e->woke_reader = wake;
	e->time_ns = bpf_ktime_get_ns();
	e->start_ns = s->start_ns;
	e->first_run_ns = s->first_run_ns < s->start_ns ? 0 : s->first_run_ns;
	e->cpu_ns = s->cpu_ns - s->cpu_base_ns;
	e->wait_ns = s->wait_ns - s->wait_base_ns;
	e->end_ns = e->time_ns;
	e->sequence = life >> 1;
	e->flags = s->flags | (life & 1 ? 0 : ALPS_BETWEEN);
	if (s->busy_tasks > 1 && s->overlap_ns >= busy_least_ns)
		e->flags |= ALPS_OVERLAP;
	e->idle_periods = s->idle_periods;
	e->reserved = 0;
	e->task_start_ticks = 0;
}

static __always_inline void emit_event(__u32 kind, struct alps_slot *s, __u32 slot, __u32 tid, __u32 life,
				       __u64 start_ticks, bool wake)
{
	struct alps_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		__sync_fetch_and_add(&shared.lost_ring_full, 1);
		return;
	}
	fill_event(e, kind, s, slot, tid, life, wake);
	e->task_start_ticks = start_ticks;
	__sync_fetch_and_add(&shared.events, 1);
	bpf_ringbuf_submit(e, wakeup_flags(wake));
}

static __always_inline void emit(__u32 kind, struct alps_slot *s, __u32 slot, __u32 tid, bool wake)
{
	emit_event(kind, s, slot, tid, s->life, 0, wake);
}

/* The first record about a task: with its id, what tells it from a later one of that id. */
static __always_inline void emit_task(__u32 kind, struct alps_slot *s, __u32 slot, struct task_struct *p, bool wake)
{
	emit_event(kind, s, slot, p->pid, s->life, p->start_boottime / NS_PER_TICK, wake);
}

#endif
