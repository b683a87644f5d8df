// SPDX-License-Identifier: Apache-2.0
/*
 * Stress for schedulers. stress SECONDS
 * For so long, two processes each: use their CPUs; fork children that exit at once; send each other a byte through pipes; and
 * yield their CPUs all the time. Exits with 0 where each of the eight has done something and ended by itself.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double end_s;

static double now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static int use_cpu(int in, int out)
{
	static volatile unsigned turns;

	for (int i = 0; i < 1000000; i++)
		turns++;
	return 1;
}

static int fork_child(int in, int out)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	return child > 0 && waitpid(child, NULL, 0) == child;
}

static int pass_byte(int in, int out)
{
	char byte = 0;

	/* The other one may have ended already. */
	return write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1;
}

static int yield_cpu(int in, int out)
{
	return sched_yield() == 0;
}

/* Starts a process that does it again and again. */
static void start(int (*work)(int, int), int in, int out, int unused_in, int unused_out)
{
	long done = 0;

	if (fork() != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	close(unused_in);
	close(unused_out);
	while (now_s() < end_s && work(in, out))
		done++;
	_exit(done > 0 ? 0 : 1);
}

int main(int argc, char **argv)
{
	double seconds = argc == 2 ? atof(argv[1]) : 0;
	int there[2], back[2], status, failed = 0, ended = 0;

	if (seconds <= 0 || seconds > 3600 || pipe(there) != 0 || pipe(back) != 0)
		return 2;
	end_s = now_s() + seconds;
	for (int i = 0; i < 2; i++) {
		start(use_cpu, -1, -1, -1, -1);
		start(fork_child, -1, -1, -1, -1);
		start(yield_cpu, -1, -1, -1, -1);
	}
	start(pass_byte, back[0], there[1], there[0], back[1]);
	start(pass_byte, there[0], back[1], back[0], there[1]);
	close(there[0]);
	close(there[1]);
	close(back[0]);
	close(back[1]);
	while (wait(&status) > 0) {
		failed |= status != 0;
		ended++;
	}
	return failed || ended != 8;
}
