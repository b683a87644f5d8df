// SPDX-License-Identifier: Apache-2.0
/*
 * A warm instance for the live tests: serves one request after another. serve [-t THREADS]
 * A request is a line of steps on standard input; the answer, a newline, comes when all of them are done. Steps:
 *   wMS  uses MS milliseconds of CPU time
 *   sMS  sleeps
 *   fMS  has a child process use MS milliseconds of CPU time, and waits for it
 *   pMS  the same with a new thread
 *   x    exits
 * With -t, so many threads take requests, each one at a time.
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void work(double ms)
{
	struct timespec t;
	double end = 0, now;

	do {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		now = t.tv_sec * 1e3 + t.tv_nsec / 1e6;
		if (end == 0)
			end = now + ms;
	} while (now < end);
}

static void *work_in_thread(void *ms)
{
	work(*(double *)ms);
	return NULL;
}

static void step(const char *what)
{
	double ms = atof(what + 1);
	pthread_t id;

	switch (*what) {
	case 'w':
		work(ms);
		break;
	case 's':
		usleep(ms * 1000);
		break;
	case 'f':
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			work(ms);
			_exit(0);
		}
		wait(NULL);
		break;
	case 'p':
		pthread_create(&id, NULL, work_in_thread, &ms);
		pthread_join(id, NULL);
		break;
	case 'x':
		_exit(3);
	}
}

static void *serve(void *unused)
{
	char *line = NULL, *rest, *what;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		for (what = strtok_r(line, " \n", &rest); what; what = strtok_r(NULL, " \n", &rest))
			step(what);
		if (write(1, "\n", 1) != 1)
			break;
	}
	free(line);
	return unused;
}

int main(int argc, char **argv)
{
	int threads = argc == 3 && strcmp(argv[1], "-t") == 0 ? atoi(argv[2]) : 1;
	pthread_t id;

	for (int i = 1; i < threads; i++)
		pthread_create(&id, NULL, serve, NULL);
	serve(NULL);
	return 0;
}
