// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "instances.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "announce.h"
#include "invocations.h"
#include "protocol.h"

enum {
	/* Most instances at once. */
	INSTANCES = 8192,
	/* Most that are kept while they have nothing to do: names come from requests, and each has an instance of its own. */
	IDLE_MOST = 256,
	NAME_BYTES = 256,
	/* Where an instance has its descriptors. */
	REQUESTS_FD = 3,
	DONE_FD = 4,
};

/*
 * For how long an instance is left alone after an answer. An agent that tells requests apart by idle periods sees one
 * request where the next comes at once: by default it wants 5 ms. Less: fewer instances; more: the same request rate needs
 * more of them.
 */
static const uint64_t REST_NS = 10000000;

/* What is written to an instance; small enough that a pipe takes it whole. */
struct request {
	const struct job *job; /* the same address in every child */
	uint64_t n;
};

/* What an instance leaves for its parent, in memory that both share. */
struct result {
	uint64_t cpu_us;
	bool failed; /* then `text` says why */
	char text[RESULT_BYTES];
};

struct instance {
	pid_t pid; /* 0: free */
	int requests; /* write end of its pipe; -1: it has been told to end */
	bool busy;
	uint64_t id; /* of the request that it serves */
	uint64_t idle_since_ns;
	uint64_t cpu_us; /* of the requests that it has answered */
	char name[NAME_BYTES];
};

static struct instance instances[INSTANCES];
static unsigned instances_used; /* every instance from here on is free */
static unsigned idle_count;
static struct result *results;
/* Instances write their number to it when they are done. */
static int done[2] = { -1, -1 };

bool open_instances(void)
{
	struct rlimit files;

	/* A pipe for each instance. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	results = mmap(NULL, INSTANCES * sizeof(*results), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (results == MAP_FAILED || pipe2(done, O_CLOEXEC) < 0)
		return false;
	return fcntl(done[0], F_SETFL, O_NONBLOCK) == 0;
}

int instances_fd(void)
{
	return done[0];
}

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void serve_one(const struct request *request, struct result *result)
{
	uint64_t begin_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	const struct job *job = request->job;
	const char *problem = job->run(request->n, factor_of(job), result->text);

	result->failed = problem != NULL;
	if (problem)
		snprintf(result->text, sizeof(result->text), "cannot run job %.100s: %s", job->name, problem);
	result->cpu_us = (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin_ns) / 1000;
}

static _Noreturn void be_instance(uint32_t number, const char *name, int requests)
{
	struct request request;

	prctl(PR_SET_NAME, name);
	begin_child();
	/* The pipes of the other instances are none of this one's: they would not see their ends. */
	int kept = fcntl(done[1], F_DUPFD, DONE_FD + 1);

	if (kept < 0 || dup2(requests, REQUESTS_FD) < 0 || dup2(kept, DONE_FD) < 0)
		_exit(1);
	close_range(DONE_FD + 1, ~0u, 0);
	while (read(REQUESTS_FD, &request, sizeof(request)) == sizeof(request)) {
		serve_one(&request, &results[number]);
		if (write(DONE_FD, &number, sizeof(number)) != sizeof(number))
			break;
	}
	_exit(0);
}

static void refuse(uint64_t id, const char *reason)
{
	answer("%" PRIu64 " 0 refused 0 0 %s\n", id, encode_field(reason, RESULT_BYTES));
}

/* The instance of this function that has been idle for longest, if it has rested; NULL where there is none. */
static struct instance *rested_instance(const char *name)
{
	uint64_t latest_ns = clock_ns(CLOCK_MONOTONIC) - REST_NS;
	struct instance *best = NULL;

	for (unsigned i = 0; i < instances_used; i++) {
		struct instance *each = &instances[i];

		if (each->pid == 0 || each->busy || each->requests < 0 || each->idle_since_ns > latest_ns)
			continue;
		if ((!best || each->idle_since_ns < best->idle_since_ns) && strcmp(each->name, name) == 0)
			best = each;
	}
	return best;
}

/* Starts one; NULL, having answered, where it cannot. */
static struct instance *new_instance(uint64_t id, const char *name)
{
	unsigned i = 0;
	int ends[2];
	pid_t pid;

	while (i < instances_used && instances[i].pid != 0)
		i++;
	if (i == INSTANCES) {
		refuse(id, "too many invocations at once");
		return NULL;
	}
	if (pipe2(ends, O_CLOEXEC) < 0) {
		refuse(id, "cannot make a pipe: no more descriptors");
		return NULL;
	}
	pid = fork();
	if (pid == 0) {
		/* Its own write end open, it would never see the end. */
		close(ends[1]);
		be_instance(i, name, ends[0]);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		refuse(id, "cannot fork: no more processes or no memory");
		return NULL;
	}
	if (i == instances_used)
		instances_used++;
	instances[i] = (struct instance){ .pid = pid, .requests = ends[1] };
	snprintf(instances[i].name, NAME_BYTES, "%s", name);
	return &instances[i];
}

void serve_job(uint64_t id, const char *name, const struct job *job, uint64_t n)
{
	struct instance *instance = rested_instance(name);
	struct request request = { job, n };

	if (instance)
		idle_count--;
	else if (!(instance = new_instance(id, name)))
		return;
	instance->busy = true;
	instance->id = id;
	announce_start(instance->pid, name);
	/* Where it is gone already, its end answers. */
	if (write(instance->requests, &request, sizeof(request)) < 0 && errno != EPIPE)
		kill(instance->pid, SIGKILL);
}

/* Tells the instance that has been idle for longest to end. */
static void end_oldest(void)
{
	struct instance *oldest = NULL;

	for (unsigned i = 0; i < instances_used; i++) {
		struct instance *each = &instances[i];

		if (each->pid != 0 && !each->busy && each->requests >= 0 &&
		    (!oldest || each->idle_since_ns < oldest->idle_since_ns))
			oldest = each;
	}
	if (!oldest)
		return;
	close(oldest->requests);
	oldest->requests = -1;
	idle_count--;
}

static void answer_done(struct instance *instance, const struct result *result)
{
	const char *text = encode_field(result->text, RESULT_BYTES);

	answer("%" PRIu64 " %d %s 0 %" PRIu64 " %s\n", instance->id, instance->pid, result->failed ? "refused" : "exited",
	       result->cpu_us, text);
	announce_end(instance->pid, result->cpu_us);
	instance->busy = false;
	instance->cpu_us += result->cpu_us;
	instance->idle_since_ns = clock_ns(CLOCK_MONOTONIC);
	if (++idle_count > IDLE_MOST)
		end_oldest();
}

void collect_answers(void)
{
	uint32_t numbers[256];
	ssize_t bytes;

	while ((bytes = read(done[0], numbers, sizeof(numbers))) > 0) {
		for (size_t k = 0; k < (size_t)bytes / sizeof(*numbers); k++) {
			if (numbers[k] < instances_used && instances[numbers[k]].busy)
				answer_done(&instances[numbers[k]], &results[numbers[k]]);
		}
	}
}

bool instance_ended(pid_t pid, int status, const struct rusage *usage)
{
	unsigned i = 0;

	while (i < instances_used && instances[i].pid != pid)
		i++;
	if (i == instances_used)
		return false;

	struct instance *instance = &instances[i];

	/* It may have answered before it ended. */
	collect_answers();
	if (instance->busy) {
		uint64_t all_us = cpu_us_of(usage);
		uint64_t cpu_us = all_us > instance->cpu_us ? all_us - instance->cpu_us : 0;

		announce_end(pid, cpu_us);
		if (WIFSIGNALED(status))
			answer("%" PRIu64 " %d signalled %d %" PRIu64 "\n", instance->id, pid, WTERMSIG(status), cpu_us);
		else
			answer("%" PRIu64 " %d exited %d %" PRIu64 " \n", instance->id, pid, WEXITSTATUS(status), cpu_us);
	} else if (instance->requests >= 0) {
		idle_count--;
	}
	if (instance->requests >= 0)
		close(instance->requests);
	instance->pid = 0;
	while (instances_used > 0 && instances[instances_used - 1].pid == 0)
		instances_used--;
	return true;
}
