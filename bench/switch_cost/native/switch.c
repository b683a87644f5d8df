// SPDX-License-Identifier: Apache-2.0
/*
 * What a context switch costs. alps-switch yield|pipe N
 * Two processes on one CPU: with `yield` each gives way N times, with `pipe` they send a byte to and fro N times, so that each
 * pass is a wake-up and a switch. Prints the nanoseconds that one switch took, by the switches that the kernel counted.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static long switches_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_nvcsw + usage.ru_nivcsw;
}

/* One of the two: `reads` from one end, writes to another. */
static int pass(int in, int out, long times)
{
	char byte = 0;

	for (long i = 0; i < times; i++)
		if (write(out, &byte, 1) != 1 || read(in, &byte, 1) != 1)
			return 1;
	return 0;
}

static int answer(int in, int out, long times)
{
	char byte;

	for (long i = 0; i < times; i++)
		if (read(in, &byte, 1) != 1 || write(out, &byte, 1) != 1)
			return 1;
	return 0;
}

static int give_way(long times)
{
	for (long i = 0; i < times; i++)
		sched_yield();
	return 0;
}

int main(int argc, char **argv)
{
	int by_pipe = argc == 3 && strcmp(argv[1], "pipe") == 0, to[2], fro[2], status = 1;
	long times = argc == 3 ? atol(argv[2]) : 0, before, switches;
	cpu_set_t one;
	double start;
	pid_t child;

	if (times < 1 || (!by_pipe && strcmp(argv[1], "yield") != 0)) {
		fprintf(stderr, "usage: alps-switch yield|pipe N\n");
		return 2;
	}
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0 || pipe(to) != 0 || pipe(fro) != 0) {
		perror("alps-switch");
		return 1;
	}
	before = switches_of(RUSAGE_SELF);
	child = fork();
	if (child < 0) {
		perror("alps-switch: fork");
		return 1;
	}
	if (child == 0)
		_exit(by_pipe ? answer(to[0], fro[1], times) : give_way(times));
	/* The child is there, and past its start. */
	start = now_ns();
	if (by_pipe ? pass(fro[0], to[1], times) : give_way(times))
		return 1;
	if (waitpid(child, &status, 0) != child || status != 0)
		return 1;
	switches = switches_of(RUSAGE_SELF) - before + switches_of(RUSAGE_CHILDREN);
	printf("%.1f\n", (now_ns() - start) / (double)switches);
	return 0;
}
