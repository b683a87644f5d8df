// SPDX-License-Identifier: Apache-2.0
/*
 * A process that makes events. churn THREADS
 * For each byte on standard input it starts and ends THREADS threads, one after another, and answers with a byte.
 */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static void *nothing(void *unused)
{
	return unused;
}

int main(int argc, char **argv)
{
	int threads = argc == 2 ? atoi(argv[1]) : 0;
	pthread_t id;
	char byte;

	while (read(0, &byte, 1) == 1) {
		for (int i = 0; i < threads; i++) {
			if (pthread_create(&id, NULL, nothing, NULL) != 0)
				return 1;
			pthread_join(id, NULL);
		}
		if (write(1, &byte, 1) != 1)
			return 1;
	}
	return 0;
}
