// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Between the plan and the start. */
#define LEAD_US 100000
#define PROGRESS_US 1000000

struct request *requests;
size_t count, next, answered, ended;
static int64_t start_us;

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int64_t now_us(void)
{
	return clock_us(CLOCK_MONOTONIC) - start_us;
}

void *must(void *memory)
{
	if (!memory) {
		perror("alps-send");
		exit(1);
	}
	return memory;
}

void read_plan(void)
{
	long long due;
	size_t length;

	while (scanf("%lld %zu", &due, &length) == 2) {
		struct request *r;

		if (getchar() != '\n' || length > (1u << 20))
			exit(2);
		requests = must(realloc(requests, (count + 1) * sizeof(*requests)));
		r = &requests[count++];
		memset(r, 0, sizeof(*r));
		r->due_us = due;
		r->length = length;
		r->bytes = must(malloc(length + 1));
		r->socket = -1;
		if (fread(r->bytes, 1, length, stdin) != length)
			exit(2);
	}
	start_us = clock_us(CLOCK_MONOTONIC) + LEAD_US;
	printf("start %lld\n", (long long)(clock_us(CLOCK_REALTIME) + LEAD_US));
	fflush(stdout);
}

size_t keep_answer(struct request *r, const char *part, size_t length)
{
	size_t kept = r->answer_length < ANSWER_MOST ? r->answer_length : ANSWER_MOST;
	size_t take = kept + length <= ANSWER_MOST ? length : ANSWER_MOST - kept;

	r->answer = must(realloc(r->answer, kept + take + 1));
	memcpy(r->answer + kept, part, take);
	r->answer[kept + take] = 0;
	r->answer_length += length;
	return kept + take;
}

void note_end(struct request *r, enum state state, const char *reason)
{
	r->state = state;
	r->reason = reason;
	r->done_us = now_us();
	ended++;
	answered += state == DONE;
}

void carry_out(const struct transport *transport, int64_t patience_us)
{
	int64_t last_us = count ? requests[count - 1].due_us : 0, progress_us = 0;

	while (ended < count) {
		int64_t now = now_us(), wait_us = PROGRESS_US;

		while (next < count && requests[next].due_us <= now)
			transport->begin(&requests[next++]);
		if (now >= progress_us) {
			printf("progress %zu %zu\n", next, answered);
			fflush(stdout);
			progress_us = now + PROGRESS_US;
		}
		if (next == count && now > last_us + patience_us)
			break;
		if (next < count && requests[next].due_us - now < wait_us)
			wait_us = requests[next].due_us - now;
		if (ended < count)
			transport->serve(wait_us);
	}
}

void report(void)
{
	printf("cpu %lld\n", (long long)clock_us(CLOCK_PROCESS_CPUTIME_ID));
	for (size_t i = 0; i < count; i++) {
		struct request *r = &requests[i];
		size_t kept = r->answer_length < ANSWER_MOST ? r->answer_length : ANSWER_MOST;

		if (r->state == DONE) {
			printf("answer %zu %lld %lld %zu\n", i, (long long)r->sent_us, (long long)r->done_us, kept);
			fwrite(r->answer, 1, kept, stdout);
			putchar('\n');
		} else {
			printf("failed %zu %lld %s\n", i, (long long)r->sent_us, r->reason ? r->reason : "no answer");
		}
	}
}
