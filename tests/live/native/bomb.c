// SPDX-License-Identifier: Apache-2.0
/*
 * A fork bomb that ends: bomb DEPTH MS
 * Each process forks two more until DEPTH, uses MS milliseconds of CPU time, waits for its children and exits: 2^(DEPTH + 1) - 1
 * processes in all. Their number is DEPTH's alone, and all die with the first one.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
	int depth = argc == 3 ? atoi(argv[1]) : -1;

	if (depth < 0 || depth > 12)
		return 2;
	for (int level = 0, twice = 0; level < depth;) {
		pid_t parent = getpid(), child = fork();

		if (child < 0)
			return 1;
		if (child == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				return 1; /* it has died before it could be said */
			level++;
			twice = 0;
		} else if (++twice == 2) {
			break;
		}
	}
	while (cpu_ms() < atof(argv[2]))
		;
	while (wait(NULL) > 0)
		;
	return 0;
}
