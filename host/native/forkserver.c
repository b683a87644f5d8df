// SPDX-License-Identifier: Apache-2.0
/*
 * The native parent of the host's invocations: reads requests on standard input, forks a process for each (with --warm: has
 * instances that stay up serve them), and answers on standard output as they end. One thread that sleeps in poll until there is a request or a child has ended. When standard
 * input closes, it ends its children and itself.
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

#include "announce.h"
#include "functions.h"
#include "instances.h"
#include "invocations.h"
#include "protocol.h"

/* Most arguments of a program, its path included. */
enum { ARGUMENTS_MOST = 256 };

/* Jobs are done by instances that stay up, instead of a process each. */
static bool warm;

static void malformed(const char *reason)
{
	answer("0 0 malformed 0 0 %s\n", encode_field(reason, RESULT_BYTES));
}

static void refuse_job(uint64_t id, const char *format, const char *name, uint64_t least, uint64_t most)
{
	char reason[RESULT_BYTES];

	snprintf(reason, sizeof(reason), format, name, least, most);
	answer("%" PRIu64 " 0 refused 0 0 %s\n", id, encode_field(reason, sizeof(reason)));
}

static void handle_run(uint64_t id, char *rest)
{
	const char *name = take_field(&rest), *job_name = name ? take_field(&rest) : NULL;
	const struct job *job;
	uint64_t n;

	if (!job_name || !take_number(&rest, &n) || rest) {
		malformed("expected run ID NAME JOB N");
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

static void handle_exec(uint64_t id, const char *name, char *rest)
{
	char *argv[ARGUMENTS_MOST + 1];
	int count = 0;

	while (rest && count < ARGUMENTS_MOST) {
		argv[count] = take_field(&rest);
		if (!argv[count++]) {
			malformed("an argument's encoding is broken");
			return;
		}
	}
	argv[count] = NULL;
	if (rest || count == 0 || argv[0][0] == '\0')
		malformed("expected exec ID PROGRAM [ARGUMENT]... with at most 256 arguments");
	else
		start_program(id, name ? name : argv[0], argv);
}

static void handle_line(char *line)
{
	char *rest = line;
	const char *kind = take_field(&rest), *file = NULL, *name = NULL;
	uint64_t id;

	if (kind && strcmp(kind, "in") == 0) {
		file = take_field(&rest);
		kind = file ? take_field(&rest) : NULL;
	}
	if (kind && strcmp(kind, "as") == 0) {
		name = take_field(&rest);
		kind = name ? take_field(&rest) : NULL;
	}
	join_next(file);

	if (!kind || !take_number(&rest, &id))
		malformed("expected a kind and an ID");
	else if (strcmp(kind, "run") == 0)
		handle_run(id, rest);
	else if (strcmp(kind, "exec") == 0)
		handle_exec(id, name, rest);
	else
		malformed("expected run or exec");
}

/* Reads what there is and handles the lines that are complete; false at the end of the input. */
static bool read_requests(void)
{
	static char buffer[LINE_MOST];
	static size_t used;
	ssize_t n = read(STDIN_FILENO, buffer + used, sizeof(buffer) - used);

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	used += (size_t)n;

	char *line = buffer, *end;

	while ((end = memchr(line, '\n', used - (size_t)(line - buffer)))) {
		*end = '\0';
		handle_line(line);
		line = end + 1;
	}
	used -= (size_t)(line - buffer);
	memmove(buffer, line, used);
	if (used == sizeof(buffer)) {
		/* Only a broken peer writes such a line; what follows cannot be trusted either. */
		malformed("a line is longer than 65536 bytes");
		return false;
	}
	return true;
}

static void announce_jobs(void)
{
	answer("jobs");
	for (unsigned i = 0; i < job_count; i++) {
		const struct job *job = &jobs[i];

		answer(" %s:%" PRIu64 ":%" PRIu64 ":%" PRIu32, job->name, job->n_least, job->n_most, factor_of(job));
	}
	answer("\n");
}

static void serve(int child_ended)
{
	/* A negative descriptor is passed over. */
	struct pollfd watched[] = { { STDIN_FILENO, POLLIN, 0 }, { child_ended, POLLIN, 0 }, { instances_fd(), POLLIN, 0 } };
	bool open = true;

	while (open && write_answers()) {
		if (poll(watched, 3, -1) < 0)
			continue;
		if (watched[1].revents) {
			struct signalfd_siginfo drained;

			/* The kernel merges signals of a kind: one read, and then everyone who has ended. */
			if (read(child_ended, &drained, sizeof(drained)) > 0)
				reap_invocations();
		}
		if (watched[2].revents)
			collect_answers();
		if (watched[0].revents)
			open = read_requests();
	}
	write_answers();
}

/* Reads the options: `--warm`, `--sessions`, `--announce PIPE`, `--work THOUSANDTHS`. False, with errno set, where one fails. */
static bool read_options(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "";

		if (strcmp(argv[i], "--warm") == 0)
			warm = true;
		else if (strcmp(argv[i], "--sessions") == 0)
			use_sessions();
		else if (strcmp(argv[i], "--announce") == 0 && announce_to(value))
			i++;
		else if (strcmp(argv[i], "--work") == 0 && atoi(value) > 0)
			scale_work((uint32_t)atoi(argv[++i]));
		else
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	sigset_t ended, inherited;

	prctl(PR_SET_NAME, "alps-host");
	/* What whoever started this left open is not for functions. Where the kernel cannot (before 5.9), it stays open. */
	close_range(3, ~0u, 0);
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&ended);
	sigaddset(&ended, SIGCHLD);
	sigprocmask(SIG_BLOCK, &ended, &inherited);

	int child_ended = signalfd(-1, &ended, SFD_CLOEXEC | SFD_NONBLOCK);

	if (child_ended < 0 || !read_options(argc, argv) || !open_invocations(&inherited) || (warm && !open_instances())) {
		fprintf(stderr, "alps-host: cannot start: %s\n", strerror(errno));
		return 1;
	}
	prepare_text();
	announce_jobs();
	serve(child_ended);
	end_invocations();
	return 0;
}
