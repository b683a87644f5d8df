// SPDX-License-Identifier: Apache-2.0
/*
 * The load generator of `alps-agent replay`: sends requests at their times, open loop, over HTTP/1.1.
 *
 * It is not written in TypeScript because it runs on the machine that it measures, a dozen times a second with cold
 * caches: a JavaScript client takes 1.2 to 1.9 ms of CPU time a request there, this 0.1 ms, and what the client takes the
 * functions do not get.
 *
 *   alps-send ADDRESS PORT PATIENCE_MS
 *
 * ADDRESS is numeric. Standard input, read to its end before anything is sent: for each request, in the order of their
 * times, a line `DUE_US LENGTH` (microseconds from the start) and then LENGTH bytes. Standard output:
 *   start REALTIME_US       the start's wall time, 100 ms ahead, before the first request
 *   progress SENT ANSWERED  about each second
 *   cpu CPU_US              that this process has used
 *   answer INDEX SENT_US DONE_US LENGTH   then LENGTH bytes as they came (at most 64 KiB), a newline; at the end, for each
 *   failed INDEX SENT_US REASON           request one of these two
 * PATIENCE_MS after the last request was due, what is unanswered has failed. Nothing is sent twice.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MOST 65536
/* Connections idle for longer are not used again: the server may be closing them. */
#define IDLE_US 2000000
#define LEAD_US 100000
#define PROGRESS_US 1000000

enum state { WAITING, SENDING, READING, DONE, FAILED };

struct request {
	int64_t due_us, sent_us, done_us;
	char *bytes;
	size_t length, written;
	enum state state;
	const char *reason;
	int socket;
	bool reused;
	char *answer;
	size_t answer_length; /* as it came, also beyond what is kept */
	size_t header_length; /* 0: not all there */
	int64_t body_length;  /* -1: up to the end of the connection; -2: chunks */
	bool closes;
};

static struct request *requests;
static size_t count, next, answered, ended;
static int64_t start_us;
static struct sockaddr_storage address;
static socklen_t address_length;

static struct { int socket; int64_t since_us; } *idle;
static size_t idle_count;

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static int64_t now_us(void)
{
	return clock_us(CLOCK_MONOTONIC) - start_us;
}

static void *must(void *memory)
{
	if (!memory) {
		perror("alps-send");
		exit(1);
	}
	return memory;
}

static void read_plan(void)
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
	idle = must(calloc(count + 1, sizeof(*idle)));
}

static void end_request(struct request *r, enum state state, const char *reason)
{
	r->state = state;
	r->reason = reason;
	r->done_us = now_us();
	ended++;
	answered += state == DONE;
	if (r->socket >= 0 && state == DONE && !r->closes && r->body_length != -1) {
		idle[idle_count].socket = r->socket;
		idle[idle_count++].since_us = r->done_us;
	} else if (r->socket >= 0) {
		close(r->socket);
	}
	r->socket = -1;
}

static int reusable(void)
{
	while (idle_count > 0) {
		int socket = idle[--idle_count].socket;
		char byte;

		/* one that the server has closed meanwhile has an end to read */
		if (now_us() - idle[idle_count].since_us < IDLE_US && recv(socket, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
		    errno == EAGAIN)
			return socket;
		close(socket);
	}
	return -1;
}

static void write_some(struct request *r)
{
	while (r->written < r->length) {
		ssize_t n = send(r->socket, r->bytes + r->written, r->length - r->written, MSG_NOSIGNAL);

		if (n < 0) {
			if (errno != EAGAIN && errno != ENOTCONN)
				end_request(r, FAILED, strerror(errno));
			return;
		}
		r->written += (size_t)n;
	}
	r->state = READING;
}

static void begin(struct request *r)
{
	int one = 1;

	r->sent_us = now_us();
	r->state = SENDING;
	r->body_length = -1;
	r->socket = reusable();
	r->reused = r->socket >= 0;
	if (!r->reused) {
		r->socket = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (r->socket < 0) {
			end_request(r, FAILED, strerror(errno));
			return;
		}
		setsockopt(r->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (connect(r->socket, (struct sockaddr *)&address, address_length) < 0) {
			if (errno != EINPROGRESS)
				end_request(r, FAILED, strerror(errno));
			return; /* poll tells when it is connected */
		}
	}
	write_some(r);
}

/* What the header says of the body's length and of the connection. */
static void read_header(struct request *r, size_t kept)
{
	char *end = memmem(r->answer, kept, "\r\n\r\n", 4), *field;

	if (!end)
		return;
	r->header_length = (size_t)(end - r->answer) + 4;
	*end = 0;
	if ((field = strcasestr(r->answer, "\r\ncontent-length:")))
		r->body_length = strtoll(field + 17, NULL, 10);
	if ((field = strcasestr(r->answer, "\r\ntransfer-encoding:")) && strcasestr(field, "chunked"))
		r->body_length = -2;
	if ((field = strcasestr(r->answer, "\r\nconnection:")) && strcasestr(field, "close"))
		r->closes = true;
	if (strncmp(r->answer, "HTTP/1.0", 8) == 0)
		r->closes = true;
	if (r->header_length > 12 && (!strncmp(r->answer + 9, "204", 3) || !strncmp(r->answer + 9, "304", 3)))
		r->body_length = 0;
	*end = '\r';
}

static void read_some(struct request *r)
{
	char part[4096];

	for (;;) {
		ssize_t n = recv(r->socket, part, sizeof(part), MSG_DONTWAIT);
		size_t kept = r->answer_length < ANSWER_MOST ? r->answer_length : ANSWER_MOST, take;

		if (n < 0) {
			if (errno != EAGAIN)
				end_request(r, FAILED, strerror(errno));
			return;
		}
		if (n == 0) {
			if (r->header_length && r->body_length == -1)
				end_request(r, DONE, NULL);
			else
				end_request(r, FAILED, r->answer_length ? "the answer is cut short" : "the connection was closed");
			return;
		}
		take = kept + (size_t)n <= ANSWER_MOST ? (size_t)n : ANSWER_MOST - kept;
		r->answer = must(realloc(r->answer, kept + take + 1));
		memcpy(r->answer + kept, part, take);
		r->answer[kept + take] = 0;
		r->answer_length += (size_t)n;
		kept += take;
		if (!r->header_length)
			read_header(r, kept);
		if (!r->header_length)
			continue;
		if ((r->body_length >= 0 && r->answer_length >= r->header_length + (size_t)r->body_length) ||
		    (r->body_length == -2 && n >= 5 && memcmp(part + n - 5, "0\r\n\r\n", 5) == 0)) {
			end_request(r, DONE, NULL);
			return;
		}
	}
}

static void serve(struct pollfd *polled, size_t *indexes, int64_t wait_us)
{
	struct timespec timeout = { .tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000 };
	size_t n = 0;

	for (size_t i = 0; i < next; i++) {
		if (requests[i].state != SENDING && requests[i].state != READING)
			continue;
		polled[n].fd = requests[i].socket;
		polled[n].events = requests[i].state == SENDING ? POLLOUT : POLLIN;
		indexes[n++] = i;
	}
	if (ppoll(polled, n, &timeout, NULL) <= 0)
		return;
	for (size_t k = 0; k < n; k++) {
		struct request *r = &requests[indexes[k]];
		int error = 0;
		socklen_t size = sizeof(error);

		if (!polled[k].revents)
			continue;
		if (r->state == SENDING) {
			getsockopt(r->socket, SOL_SOCKET, SO_ERROR, &error, &size);
			if (error)
				end_request(r, FAILED, strerror(error));
			else
				write_some(r);
		} else {
			read_some(r);
		}
	}
}

static void run(int64_t patience_us)
{
	struct pollfd *polled = must(calloc(count + 1, sizeof(*polled)));
	size_t *indexes = must(calloc(count + 1, sizeof(*indexes)));
	int64_t last_us = count ? requests[count - 1].due_us : 0, progress_us = 0;

	while (ended < count) {
		int64_t now = now_us(), wait_us = PROGRESS_US;

		while (next < count && requests[next].due_us <= now)
			begin(&requests[next++]);
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
			serve(polled, indexes, wait_us);
	}
}

static void report(void)
{
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

int main(int argc, char **argv)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;

	if (argc != 4)
		return 2;
	if (inet_pton(AF_INET, argv[1], &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(argv[2]));
		address_length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, argv[1], &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(argv[2]));
		address_length = sizeof(*v6);
	} else {
		return 2;
	}
	read_plan();
	start_us = clock_us(CLOCK_MONOTONIC) + LEAD_US;
	printf("start %lld\n", (long long)(clock_us(CLOCK_REALTIME) + LEAD_US));
	fflush(stdout);
	run(atoll(argv[3]) * 1000);
	printf("cpu %lld\n", (long long)clock_us(CLOCK_PROCESS_CPUTIME_ID));
	report();
	return 0;
}
