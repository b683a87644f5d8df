/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The jobs that the host's functions run, and what they share.
 *
 * The published workloads are Python programs. These are native ones that compute the same things; a work factor per job
 * (the job is computed that many times over) stands for the interpreter's slowness, so that the CPU times over the
 * published n span about 2 ms to about 1 s.
 */
#ifndef ALPS_FUNCTIONS_H
#define ALPS_FUNCTIONS_H

#include <stdint.h>

/*
 * The table of jobs: ROW(name, function, least n, most n, work factor). Its CPU times, the fork included, are the least of
 * 3 to 50 runs on a 2-CPU virtual machine (Intel Xeon, Linux 6.18, gcc 12):
 *
 *   job               grows with        n → CPU time in ms
 *   fib               1.618 to the n    0 → 0.07, 23 → 2.0, 24 → 3.2, 25 → 5.1, 26 → 8.3, 28 → 22, 29 → 35, 31 → 93,
 *                                       35 → 656, 36 → 1010
 *   graphBfs          n                 100 → 15
 *   graphMst          n log n           8 → 9.6, 9 → 12, 10 → 14
 *   graphPagerank     n                 8 → 22, 9 → 25, 10 → 29
 *   featureExtractor  n                 1 → 28
 *   floatOperation    n                 1000 → 0.59, 10000 → 5.6, 100000 → 55, 1000000 → 554
 *
 * A larger factor makes every invocation of its job longer in proportion; no test depends on the factors.
 */
#define JOB_TABLE(ROW)                                                    \
	ROW("fib", run_fib, 0, 50, 33)                                    \
	ROW("graphBfs", run_graph_bfs, 1, 10000, 6000)                    \
	ROW("graphMst", run_graph_mst, 1, 10000, 22000)                   \
	ROW("graphPagerank", run_graph_pagerank, 1, 10000, 18000)         \
	ROW("featureExtractor", run_feature_extractor, 1, 10000, 155)     \
	ROW("floatOperation", run_float_operation, 1, 100000000, 53)

/* Room for a job's result, its NUL included. */
enum { RESULT_BYTES = 192 };

/*
 * Computes a job `factor` times over and writes its result, printable and NUL-terminated, to `result` (RESULT_BYTES).
 * Returns NULL, or what went wrong. Frees what it allocates: a warm
 * instance runs one after another.
 */
typedef const char *job_function(uint64_t n, uint32_t factor, char *result);

struct job {
	const char *name;
	job_function *run;
	uint64_t n_least;
	uint64_t n_most;
	uint32_t factor;
};

job_function run_fib, run_graph_bfs, run_graph_mst, run_graph_pagerank, run_feature_extractor, run_float_operation;

extern const struct job jobs[];
extern const unsigned job_count;

/* From now on, jobs are computed so many thousandths of their factors over, but at least once. */
void scale_work(uint32_t thousandths);

/* How many times over a job is computed. */
uint32_t factor_of(const struct job *job);

/* The job of that name, or NULL. */
const struct job *find_job(const char *name);

/* Prepares, once and in the parent, the text that featureExtractor reads; the children find it in their memory. */
void prepare_text(void);

/* A value that the compiler knows nothing about: keeps it from computing a repetition only once. */
static inline uint64_t opaque(uint64_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

/* Marsaglia's xorshift32: the jobs' inputs are the same in every run. The state must not be 0. */
static inline uint32_t next_random(uint32_t *state)
{
	uint32_t x = *state;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return *state = x;
}

#endif
