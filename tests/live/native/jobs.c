// SPDX-License-Identifier: Apache-2.0
/*
 * What a machine's own short jobs suffer. jobs COUNT CPU_MS PAUSE_MS
 * One after another forks COUNT children that use CPU_MS of CPU time and exit, with pauses between them, and prints how long
 * each took from before its fork to its end, in milliseconds, one a line.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	int count = argc == 4 ? atoi(argv[1]) : 0;
	double cpu_ms = argc == 4 ? atof(argv[2]) : 0, start;
	useconds_t pause_us = argc == 4 ? 1000 * atof(argv[3]) : 0;
	pid_t child;

	if (count < 1)
		return 2;
	while (count-- > 0) {
		start = now_ms(CLOCK_MONOTONIC);
		child = fork();
		if (child == 0) {
			while (now_ms(CLOCK_PROCESS_CPUTIME_ID) < cpu_ms)
				;
			_exit(0);
		}
		if (child < 0 || waitpid(child, NULL, 0) != child)
			return 1;
		printf("%.3f\n", now_ms(CLOCK_MONOTONIC) - start);
		usleep(pause_us);
	}
	return 0;
}
