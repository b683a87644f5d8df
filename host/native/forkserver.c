// SPDX-License-Identifier: Apache-2.0
/*
 * The native parent of the host's invocations: reads requests, forks a process for each (with --warm: has instances that stay
 * up serve them; with --sessions: each in a session of its own), and answers as they end. One thread that sleeps in poll
 * until there is a request or a child has ended. When standard input closes, it ends its children and itself.
 *
 *   alps-functions [--warm | --sessions] [--direct SOCKET]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "functions.h"
#include "instances.h"
#include "invocations.h"
#include "peers.h"
#include "protocol.h"

/* Most arguments of a program, its path included. */
enum { ARGUMENTS_MOST = 256 };

/* Jobs are done by instances that stay up, instead of a process each. */
static bool warm;

static void malformed(uint64_t mark, const char *reason)
{
	answer(mark, "0 malformed 0 0 %s\n", encode_field(reason, RESULT_BYTES));
}

static void refuse_job(uint64_t id, const char *format, const char *name, uint64_t least, uint64_t most)
{
	char reason[RESULT_BYTES];

	snprintf(reason, sizeof(reason), format, name, least, most);
	answer(id, "0 refused 0 0 %s\n", encode_field(reason, sizeof(reason)));
}

static void handle_run(uint64_t id, char *rest)
{
	const char *name = take_field(&rest), *job_name = name ? take_field(&rest) : NULL;
	const struct job *job;
	uint64_t n;

	if (!job_name || !take_number(&rest, &n) || rest) {
		malformed(id - id % MARK, "expected run ID NAME JOB N");
		return;
	}
	job = find_job(job_name);
	if (!job)
		refuse_job(id, "no job is named %.100s", job_name, 0, 0);
	else if (n < job->n_least || n > job->n_most)
		refuse_job(id, "n of %s must be %" PRIu64 " to %" PRIu64, job->name, job->n_least, job->n_most);
	else
		(warm ? serve_job : start_job)(id, name, job, n);
}

static void handle_exec(uint64_t id, char *rest)
{
	char *argv[ARGUMENTS_MOST + 1];
	int count = 0;

	while (rest && count < ARGUMENTS_MOST) {
		argv[count] = take_field(&rest);
		if (!argv[count++]) {
			malformed(id - id % MARK, "an argument's encoding is broken");
			return;
		}
	}
	argv[count] = NULL;
	if (rest || count == 0 || argv[0][0] == '\0')
		malformed(id - id % MARK, "expected exec ID PROGRAM [ARGUMENT]... with at most 256 arguments");
	else
		start_program(id, argv);
}

static void handle_line(char *line, uint64_t mark)
{
	char *rest = line;
	const char *kind = take_field(&rest), *file = NULL;
	uint64_t id;

	if (kind && strcmp(kind, "in") == 0) {
		file = take_field(&rest);
		kind = file ? take_field(&rest) : NULL;
	}
	join_next(file);

	if (!kind || !take_number(&rest, &id) || id >= MARK)
		malformed(mark, "expected a kind and an ID");
	else if (strcmp(kind, "run") == 0)
		handle_run(id + mark, rest);
	else if (strcmp(kind, "exec") == 0)
		handle_exec(id + mark, rest);
	else
		malformed(mark, "expected run or exec");
}

static void announce_jobs(void)
{
	printf("jobs");
	for (unsigned i = 0; i < job_count; i++) {
		const struct job *job = &jobs[i];

		printf(" %s:%" PRIu64 ":%" PRIu64 ":%" PRIu32, job->name, job->n_least, job->n_most, job->factor);
	}
	printf("\n");
	fflush(stdout);
}

static void serve(int child_ended)
{
	/* A negative descriptor is passed over. */
	struct pollfd watched[2 + PEERS_WATCHED] = { { child_ended, POLLIN, 0 }, { instances_fd(), POLLIN, 0 } };
	bool open = true;

	while (open && write_answers()) {
		watch_peers(watched + 2);
		if (poll(watched, 2 + PEERS_WATCHED, -1) < 0)
			continue;
		if (watched[0].revents) {
			struct signalfd_siginfo drained;

			/* The kernel merges signals of a kind: one read, and then everyone who has ended. */
			if (read(child_ended, &drained, sizeof(drained)) > 0)
				reap_invocations();
		}
		if (watched[1].revents)
			collect_answers();
		open = read_requests(watched + 2, handle_line);
	}
	write_answers();
}

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "alps-host: cannot %s: %s\n", what, strerror(errno));
	exit(1);
}

int main(int argc, char **argv)
{
	sigset_t ended, inherited;

	const char *socket_path = NULL;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--warm") == 0)
			warm = true;
		else if (strcmp(argv[i], "--sessions") == 0)
			use_sessions();
		else if (strcmp(argv[i], "--direct") == 0 && i + 1 < argc)
			socket_path = argv[++i];
		else
			return 2;
	}
	prctl(PR_SET_NAME, "alps-host");
	/* What whoever started this left open is not for functions. Where the kernel cannot (before 5.9), it stays open. */
	close_range(3, ~0u, 0);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, &inherited);

	int child_ended = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);

	if (child_ended < 0 || !open_invocations(&inherited) || (warm && !open_instances()))
		fail("start");
	if (socket_path && !listen_for_clients(socket_path))
		fail("listen on its socket");
	prepare_text();
	announce_jobs();
	serve(child_ended);
	if (socket_path)
		unlink(socket_path);
	end_invocations();
	return 0;
}
