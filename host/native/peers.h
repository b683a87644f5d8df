/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sends requests: the host, through standard input and output; and, where there is a socket, one client of it at a time,
 * which is spared HTTP. Each gets the answers to its own requests.
 */
#ifndef ALPS_PEERS_H
#define ALPS_PEERS_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

/* How many descriptors watch_peers() fills in. */
enum { PEERS_WATCHED = 3 };

/* Listens on a Unix socket, for this user alone. False, with errno set, where it cannot. */
bool listen_for_clients(const char *path);

/* What is to be polled. */
void watch_peers(struct pollfd watched[PEERS_WATCHED]);

/*
 * Reads what there is and hands over the lines that are complete. `mark` tells the sender apart: it is to be added to the
 * request's number, which must be below MARK, for answer(). False at the end of the host's input.
 */
bool read_requests(const struct pollfd watched[PEERS_WATCHED], void (*handle)(char *line, uint64_t mark));

/* The least mark. The host's is 0. */
static const uint64_t MARK = 1ull << 40;

/*
 * Adds one line to what write_answers() will write to the sender of this request: its number without the mark, then what
 * printf makes. Fields must be encoded already. The answer to a client that has gone is dropped.
 */
__attribute__((format(printf, 2, 3))) void answer(uint64_t id, const char *format, ...);

/* Writes the collected answers; false where the host reads no more. */
bool write_answers(void);

#endif
