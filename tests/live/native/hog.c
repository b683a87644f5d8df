// SPDX-License-Identifier: Apache-2.0
/*
 * A real-time hog for the live tests. hog PRIORITY SECONDS
 * Takes every CPU at once at that priority of SCHED_FIFO, and ends after so many seconds of time, 5 at most, whatever
 * happens: nothing else may be able to end it. Exits with 1 where the class is refused.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int hog(int cpu, int priority, double begin, double seconds)
{
	/* the kernel's own end, should the clock's not come */
	struct rlimit limit = { .rlim_cur = seconds + 2, .rlim_max = seconds + 2 };
	struct sched_param param = { .sched_priority = priority };
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (setrlimit(RLIMIT_CPU, &limit) != 0 || sched_setaffinity(0, sizeof(cpus), &cpus) != 0 ||
	    sched_setscheduler(0, SCHED_FIFO, &param) != 0) {
		perror("hog");
		return 1;
	}
	usleep(1e6 * (begin - now_s() > 0 ? begin - now_s() : 0));
	while (now_s() < begin + seconds)
		;
	return 0;
}

int main(int argc, char **argv)
{
	/* Together, so that nobody gets a CPU before the last one has come. */
	double begin = now_s() + 0.2, seconds = argc == 3 ? atof(argv[2]) : 0;
	int status, failed = 0;
	cpu_set_t cpus;

	if (seconds <= 0 || seconds > 5 || sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		return 2;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &cpus))
			continue;
		switch (fork()) {
		case 0:
			_exit(hog(cpu, atoi(argv[1]), begin, seconds));
		case -1:
			failed = 1;
		}
	}
	while (wait(&status) > 0)
		failed |= status != 0;
	return failed;
}
