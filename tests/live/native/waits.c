// SPDX-License-Identifier: Apache-2.0
/*
 * Measures from the inside how long a task goes without a CPU. waits THREADS SECONDS FILE
 * Each thread spins for that long, never blocking, and looks at the clock all the time: the longest time between two looks
 * is its longest wait. Each one's is appended to FILE, in milliseconds, one a line.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static double end_ms;
static int out;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static void *spin(void *begun_ms)
{
	double last = *(double *)begun_ms, now, longest = 0;
	char line[32];
	int length;

	do {
		now = now_ms();
		if (now - last > longest)
			longest = now - last;
		last = now;
	} while (now < end_ms);
	length = snprintf(line, sizeof(line), "%.1f\n", longest);
	/* One write of a file that is appended to: lines of several processes do not mix. */
	if (write(out, line, length) != length)
		exit(1);
	return NULL;
}

int main(int argc, char **argv)
{
	int threads = argc == 4 ? atoi(argv[1]) : 0;
	double begun[64];
	pthread_t ids[64];

	if (threads < 1 || threads > 64)
		return 2;
	out = open(argv[3], O_WRONLY | O_APPEND | O_CREAT, 0644);
	if (out < 0)
		return 1;
	end_ms = now_ms() + atof(argv[2]) * 1e3;
	for (int i = 1; i < threads; i++) {
		begun[i] = now_ms();
		pthread_create(&ids[i], NULL, spin, &begun[i]);
	}
	begun[0] = now_ms();
	spin(&begun[0]);
	for (int i = 1; i < threads; i++)
		pthread_join(ids[i], NULL);
	return 0;
}
