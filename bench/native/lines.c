// SPDX-License-Identifier: Apache-2.0
/* Requests as lines over one Unix socket, as they are. An answer is a line too, and begins with its request's index. */
#define _GNU_SOURCE
#include "transports.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int connection = -1;
static char inbox[ANSWER_MOST];
static size_t inbox_used;

static void begin(struct request *r)
{
	r->sent_us = now_us();
	r->state = READING;
	while (r->written < r->length) {
		ssize_t n = send(connection, r->bytes + r->written, r->length - r->written, MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR) {
			note_end(r, FAILED, strerror(errno));
			return;
		}
		if (n > 0)
			r->written += (size_t)n;
	}
}

static void take_line(const char *line, size_t length)
{
	char *end;
	unsigned long long index = strtoull(line, &end, 10);

	if (end == line || index >= next || requests[index].state != READING)
		return;
	keep_answer(&requests[index], line, length);
	note_end(&requests[index], DONE, NULL);
}

static void fail_all(const char *reason)
{
	for (size_t i = 0; i < next; i++) {
		if (requests[i].state == READING)
			note_end(&requests[i], FAILED, reason);
	}
	close(connection);
	connection = -1; /* sending fails from now on, polling waits */
}

static void serve(int64_t wait_us)
{
	struct timespec timeout = { .tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000 };
	struct pollfd polled = { connection, POLLIN, 0 };

	if (ppoll(&polled, 1, &timeout, NULL) <= 0)
		return;

	ssize_t n = recv(connection, inbox + inbox_used, sizeof(inbox) - inbox_used, MSG_DONTWAIT);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			fail_all("the connection was closed");
		return;
	}
	inbox_used += (size_t)n;

	char *line = inbox, *end;

	while ((end = memchr(line, '\n', inbox_used - (size_t)(line - inbox)))) {
		*end = 0;
		take_line(line, (size_t)(end - line));
		line = end + 1;
	}
	inbox_used -= (size_t)(line - inbox);
	memmove(inbox, line, inbox_used);
	if (inbox_used == sizeof(inbox))
		fail_all("an answer is too long");
}

const struct transport *line_transport(const char *path)
{
	static const struct transport transport = { begin, serve };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	strcpy(address.sun_path, path);
	connection = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof(address)) < 0)
		return NULL;
	return &transport;
}
