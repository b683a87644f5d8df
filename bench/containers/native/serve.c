// SPDX-License-Identifier: Apache-2.0
/*
 * A warm instance for benchmarks and live tests: serves one request after another. serve [-t THREADS | -u SOCKET]
 * A request is a line of steps on standard input; the answer, a newline, comes when all of them are done. Steps:
 *   wMS  uses MS milliseconds of CPU time
 *   sMS  sleeps
 *   fMS  has a child process use MS milliseconds of CPU time, and waits for it
 *   pMS  the same with a new thread
 *   x    exits
 * With -t, so many threads take requests, each one at a time. With -u, requests come over a Unix socket: one line for
 * each connection, one connection after another; before the newline of the answer is what the process has used of a CPU
 * since the answer before, in microseconds.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double cpu_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void work(double ms)
{
	double end = 0, now;

	do {
		now = cpu_ms(CLOCK_THREAD_CPUTIME_ID);
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
		usleep((useconds_t)(ms * 1000));
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

static void answer(char *line)
{
	char *rest, *what;

	for (what = strtok_r(line, " \n", &rest); what; what = strtok_r(NULL, " \n", &rest))
		step(what);
}

static int serve_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), connection;
	double before_ms = 0, now_ms;
	char line[4096];
	ssize_t got;

	strncpy(address.sun_path, path, sizeof(address.sun_path) - 1);
	unlink(path);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 1024)) {
		perror(path);
		return 1;
	}
	while ((connection = accept(listener, NULL, NULL)) >= 0) {
		got = read(connection, line, sizeof(line) - 1);
		if (got > 0) {
			line[got] = '\0';
			answer(line);
			now_ms = cpu_ms(CLOCK_PROCESS_CPUTIME_ID);
			if (dprintf(connection, "%.0f\n", 1000 * (now_ms - before_ms)) < 0)
				perror("write");
			before_ms = now_ms;
		}
		close(connection);
	}
	return 1;
}

static void *serve(void *unused)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		answer(line);
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

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && strcmp(argv[1], "-u") == 0)
		return serve_socket(argv[2]);
	for (int i = 1; i < threads; i++)
		pthread_create(&id, NULL, serve, NULL);
	serve(NULL);
	return 0;
}
