// SPDX-License-Identifier: Apache-2.0
/*
 * A function for the live tests. spin [-t THREADS] [-c CHILDREN] [-n NAME] [-b] [-p US] [-o] [-g] MS
 * Uses MS milliseconds of CPU time in each thread of each process, then exits; MS 0 spins until it is killed.
 * -n gives the process that name first; -b blocks for 20 ms for every 5 ms of CPU time, but the last, -p for US microseconds; -o
 * lets children outlive their parent; -e has a thread other than the first one start the program anew, without -e; -g waits for
 * the end of standard input first.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double cpu_ms;
static int pause_us;

static double now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void *spin(void *unused)
{
	double start = now_ms(CLOCK_THREAD_CPUTIME_ID), pause = 5, used;

	for (;;) {
		used = now_ms(CLOCK_THREAD_CPUTIME_ID) - start;
		/* One pause for each 5 ms, even where a slow machine has used several of them at once. */
		if (pause_us && used > pause && (pause < cpu_ms || cpu_ms == 0)) {
			usleep(pause_us);
			pause += 5;
		} else if (used >= cpu_ms && cpu_ms != 0) {
			break;
		}
	}
	return unused;
}

static void *start_anew(void *arguments)
{
	char **argv = arguments;

	/* spin -e MS becomes spin MS */
	execl(argv[0], argv[0], argv[2], NULL);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = 1, children = 0, orphans = 0, option;
	pthread_t ids[64];
	pid_t parent;
	char nothing;

	while ((option = getopt(argc, argv, "t:c:n:bp:oeg")) != -1) {
		if (option == 't')
			threads = atoi(optarg);
		else if (option == 'c')
			children = atoi(optarg);
		else if (option == 'n')
			prctl(PR_SET_NAME, optarg);
		else if (option == 'b')
			pause_us = 20000;
		else if (option == 'p')
			pause_us = atoi(optarg);
		else if (option == 'o')
			orphans = 1;
		else if (option == 'g')
			while (read(STDIN_FILENO, &nothing, 1) > 0)
				;
		else if (option == 'e') {
			pthread_create(&ids[0], NULL, start_anew, argv);
			pause();
		} else
			return 2;
	}
	if (optind >= argc || threads > 64)
		return 2;
	cpu_ms = atof(argv[optind]);
	parent = getpid();
	for (int i = 0; i < children; i++) {
		if (fork() == 0) {
			if (orphans)
				break;
			/* a child dies with its parent, however, and however early, that ends */
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			if (getppid() != parent)
				return 1;
			break;
		}
	}
	for (int i = 1; i < threads; i++)
		pthread_create(&ids[i], NULL, spin, NULL);
	spin(NULL);
	for (int i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	while (wait(NULL) > 0)
		;
	return 0;
}
