// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "peers.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "functions.h"
#include "protocol.h"

struct peer {
	int in, out; /* -1: there is none */
	uint64_t mark;
	char inbox[LINE_MOST], outbox[64 * 1024];
	size_t in_used, out_used;
};

static struct peer host = { .in = STDIN_FILENO, .out = STDOUT_FILENO }, client = { .in = -1, .out = -1 };
static int listener = -1;

bool listen_for_clients(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t before;

	if (strlen(path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	before = umask(077);
	bool bound = listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0;

	umask(before);
	return bound && listen(listener, 1) == 0;
}

void watch_peers(struct pollfd watched[PEERS_WATCHED])
{
	watched[0] = (struct pollfd){ host.in, POLLIN, 0 };
	watched[1] = (struct pollfd){ client.in, POLLIN, 0 };
	/* One at a time: the next one waits. */
	watched[2] = (struct pollfd){ client.in < 0 ? listener : -1, POLLIN, 0 };
}

static void drop_client(void)
{
	close(client.in);
	client.in = client.out = -1;
}

static void accept_client(void)
{
	client.in = client.out = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	client.in_used = client.out_used = 0;
	client.mark += MARK; /* answers to the one before are dropped */
}

/* False at the end of its input. */
static bool read_peer(struct peer *peer, void (*handle)(char *line, uint64_t mark))
{
	ssize_t n = read(peer->in, peer->inbox + peer->in_used, sizeof(peer->inbox) - peer->in_used);

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	peer->in_used += (size_t)n;

	char *line = peer->inbox, *end;

	while ((end = memchr(line, '\n', peer->in_used - (size_t)(line - peer->inbox)))) {
		*end = '\0';
		handle(line, peer->mark);
		line = end + 1;
	}
	peer->in_used -= (size_t)(line - peer->inbox);
	memmove(peer->inbox, line, peer->in_used);
	if (peer->in_used == sizeof(peer->inbox)) {
		/* Only a broken peer writes such a line; what follows cannot be trusted either. */
		answer(peer->mark, "0 malformed 0 0 %s\n",
		       encode_field("a line is longer than 65536 bytes", RESULT_BYTES));
		return false;
	}
	return true;
}

bool read_requests(const struct pollfd watched[PEERS_WATCHED], void (*handle)(char *line, uint64_t mark))
{
	if (watched[1].revents && !read_peer(&client, handle)) {
		write_answers();
		if (client.in >= 0)
			drop_client();
	}
	if (watched[2].revents && client.in < 0)
		accept_client();
	return !watched[0].revents || read_peer(&host, handle);
}

/* False where it reads no more, or (a client) not as fast as it is answered. */
static bool flush(struct peer *peer)
{
	size_t written = 0;

	while (written < peer->out_used) {
		const char *from = peer->outbox + written;
		size_t left = peer->out_used - written;
		ssize_t n = peer == &host ? write(peer->out, from, left) :
					    send(peer->out, from, left, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno != EINTR)
			break;
		if (n > 0)
			written += (size_t)n;
	}
	bool all = written == peer->out_used;

	peer->out_used = 0;
	return all;
}

void answer(uint64_t id, const char *format, ...)
{
	struct peer *peer = id < MARK ? &host : &client;

	if (peer->out < 0 || id / MARK != peer->mark / MARK)
		return;
	/* A line is the encoded result and five numbers: under 4 KiB. */
	if (sizeof(peer->outbox) - peer->out_used < 4096 && !flush(peer) && peer == &client) {
		drop_client();
		return;
	}

	char *to = peer->outbox + peer->out_used;
	size_t room = sizeof(peer->outbox) - peer->out_used;
	int length = snprintf(to, room, "%" PRIu64 " ", id % MARK);
	va_list arguments;

	va_start(arguments, format);
	length += vsnprintf(to + length, room - (size_t)length, format, arguments);
	va_end(arguments);
	if ((size_t)length < room)
		peer->out_used += (size_t)length;
}

bool write_answers(void)
{
	if (client.out >= 0 && !flush(&client))
		drop_client();
	return flush(&host);
}
