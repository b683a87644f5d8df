/* SPDX-License-Identifier: GPL-2.0-only */
/* Counters and histograms of functions. */
#ifndef ALPS_OBSERVE_COUNT_H
#define ALPS_OBSERVE_COUNT_H

/* floor(log2(v)) for v > 0. */
static __always_inline __u32 log2_of(__u64 v)
{
	__u32 r = 0;

	if (v >> 32) { v >>= 32; r += 32; }
	if (v >> 16) { v >>= 16; r += 16; }
	if (v >> 8) { v >>= 8; r += 8; }
	if (v >> 4) { v >>= 4; r += 4; }
	if (v >> 2) { v >>= 2; r += 2; }
	return r + (v >> 1);
}

/* Four buckets to a power of two: a bucket's middle is at most 12.5 % off any value in it. */
static __always_inline __u32 bucket_of(__u64 ns)
{
	__u32 log2, bucket;

	if (ns < (1ull << ALPS_HIST_FIRST_LOG2))
		return 0;
	log2 = log2_of(ns);
	bucket = (log2 - ALPS_HIST_FIRST_LOG2) * 4 + ((ns >> (log2 - 2)) & 3);
	return bucket < ALPS_HIST_BUCKETS ? bucket : ALPS_HIST_BUCKETS - 1;
}

/* Adds the slot's invocation, which ended at `end_ns`, to its function's counters. */
static __always_inline void count_invocation(struct alps_slot *s, __u64 end_ns)
{
	struct alps_function_stats *f = bpf_map_lookup_elem(&function_stats, &s->function_id);
	__u64 turnaround = end_ns - s->start_ns;
	__u64 cpu_ns = s->cpu_ns - s->cpu_base_ns;

	if (!f) {
		__sync_fetch_and_add(&shared.lost_no_stats, 1);
		return;
	}
	__sync_fetch_and_add(&f->invocations, 1);
	__sync_fetch_and_add(&f->cpu_ns, cpu_ns);
	__sync_fetch_and_add(&f->wait_ns, s->wait_ns - s->wait_base_ns);
	__sync_fetch_and_add(&f->turnaround_ns, turnaround);
	__sync_fetch_and_add(&f->preemptions, s->preemptions - s->preemptions_base);
	__sync_fetch_and_add(&f->cpu_hist[bucket_of(cpu_ns) % ALPS_HIST_BUCKETS], 1);
	__sync_fetch_and_add(&f->turnaround_hist[bucket_of(turnaround) % ALPS_HIST_BUCKETS], 1);
}

#endif
