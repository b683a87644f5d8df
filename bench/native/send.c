// SPDX-License-Identifier: Apache-2.0
/*
 * The load generator of `alps-agent replay`: sends requests at their times, open loop.
 *
 * It is not written in TypeScript because it runs on the machine that it measures, a dozen times a second with cold
 * caches: a JavaScript client takes 1.2 to 1.9 ms of CPU time a request there, this 0.1 ms, and what the client takes the
 * functions do not get.
 *
 *   alps-send http ADDRESS PORT PATIENCE_MS     over HTTP/1.1; ADDRESS is numeric
 *   alps-send lines SOCKET PATIENCE_MS          each a line that begins with its index, over a Unix socket
 *
 * Standard input, read to its end before anything is sent: for each request, in the order of their
 * times, a line `DUE_US LENGTH` (microseconds from the start) and then LENGTH bytes. Standard output:
 *   start REALTIME_US       the start's wall time, 100 ms ahead, before the first request
 *   progress SENT ANSWERED  about each second
 *   cpu CPU_US              that this process has used
 *   answer INDEX SENT_US DONE_US LENGTH   then LENGTH bytes as they came (at most 64 KiB), a newline; at the end, for each
 *   failed INDEX SENT_US REASON           request one of these two
 * PATIENCE_MS after the last request was due, what is unanswered has failed. Nothing is sent twice.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transports.h"

int main(int argc, char **argv)
{
	const struct transport *transport;

	if (argc == 5 && strcmp(argv[1], "http") == 0) {
		read_plan();
		transport = http_transport(argv[2], argv[3]);
	} else if (argc == 4 && strcmp(argv[1], "lines") == 0) {
		read_plan();
		transport = line_transport(argv[2]);
	} else {
		return 2;
	}
	if (!transport) {
		fprintf(stderr, "alps-send: cannot reach %s: %s\n", argv[2], strerror(errno));
		return 2;
	}
	carry_out(transport, atoll(argv[argc - 1]) * 1000);
	report();
	return 0;
}
