// SPDX-License-Identifier: Apache-2.0
/* Requests over HTTP/1.1, each with a connection to itself, which the next one uses again. */
#define _GNU_SOURCE
#include "transports.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Connections idle for longer are not used again: the server may be closing them. */
#define IDLE_US 2000000

static struct sockaddr_storage address;
static socklen_t address_length;

static struct { int socket; int64_t since_us; } *idle;
static size_t idle_count;
static struct pollfd *polled;
static size_t *indexes; /* of the requests that are polled */

static void end_request(struct request *r, enum state state, const char *reason)
{
	note_end(r, state, reason);
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
	if (r->socket < 0) {
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
		size_t kept;

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
		kept = keep_answer(r, part, (size_t)n);
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

static void serve(int64_t wait_us)
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

const struct transport *http_transport(const char *host, const char *port)
{
	static const struct transport transport = { begin, serve };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;

	if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)atoi(port));
		address_length = sizeof(*v4);
	} else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)atoi(port));
		address_length = sizeof(*v6);
	} else {
		return NULL;
	}
	idle = must(calloc(count + 1, sizeof(*idle)));
	polled = must(calloc(count + 1, sizeof(*polled)));
	indexes = must(calloc(count + 1, sizeof(*indexes)));
	return &transport;
}
