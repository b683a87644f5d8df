// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "announce.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "protocol.h"

/* Longest name that is told, in bytes before it is encoded: what requests may have at most. */
enum { NAME_BYTES = 255 };

static int pipe_fd = -1;

bool announce_to(const char *path)
{
	pipe_fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	return pipe_fd >= 0;
}

static void tell(const char *line, int length)
{
	/* At most PIPE_BUF bytes: written as a whole or not at all. */
	if (write(pipe_fd, line, (size_t)length) < 0)
		return;
}

void announce_start(pid_t pid, const char *name)
{
	char line[3 * NAME_BYTES + 32];

	if (pipe_fd >= 0)
		tell(line, snprintf(line, sizeof(line), "start %d %s\n", pid, encode_field(name, NAME_BYTES)));
}

void announce_end(pid_t pid, uint64_t cpu_us)
{
	char line[64];

	if (pipe_fd >= 0)
		tell(line, snprintf(line, sizeof(line), "end %d %" PRIu64 "\n", pid, cpu_us));
}
