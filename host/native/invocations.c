// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "invocations.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "announce.h"
#include "instances.h"
#include "protocol.h"

/* Most invocations under way at once; half of the kernel's usual limit on processes. */
enum { SLOTS = 16384 };

/* What a child leaves for its parent, in memory that both share: no pipe and no copy. */
struct outcome {
	bool failed; /* then `text` says why, otherwise it is the result */
	char text[RESULT_BYTES];
};

struct slot {
	pid_t pid; /* 0: free */
	uint64_t id;
};

static struct slot slots[SLOTS];
static unsigned slots_used; /* every slot from here on is free */
static struct outcome *outcomes;
static sigset_t child_mask;
static pid_t parent;

bool open_invocations(const sigset_t *inherited)
{
	child_mask = *inherited;
	parent = getpid();
	/*
	 * A process group of their own: a Ctrl-C for the host does not end invocations before the host says so. Not a session:
	 * that would be a scheduling group of its own where autogroup is on.
	 */
	setpgid(0, 0);
	/* What a program leaves behind comes to this process, so that it can be ended too. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	outcomes = mmap(NULL, SLOTS * sizeof(*outcomes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return outcomes != MAP_FAILED;
}

static bool sessions;
static const char *join_file;

void use_sessions(void)
{
	sessions = true;
}

void join_next(const char *file)
{
	join_file = file;
}

/* In the child: nothing of it may outlive the parent, and the parent may be gone before the kernel is told so. */
static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

void begin_child(void)
{
	die_with_parent();
	sigprocmask(SIG_SETMASK, &child_mask, NULL);
}

static _Noreturn void fail_child(struct outcome *outcome, const char *action, const char *what, const char *why)
{
	snprintf(outcome->text, sizeof(outcome->text), "cannot %s %.100s: %s", action, what, why);
	outcome->failed = true;
	_exit(1);
}

/* In the child: to where it is to run. */
static void enter_place(struct outcome *outcome)
{
	if (sessions)
		setsid();
	if (!join_file)
		return;

	int file = open(join_file, O_WRONLY | O_CLOEXEC);

	if (file < 0 || write(file, "0", 1) != 1)
		fail_child(outcome, "join", join_file, strerror(errno));
	close(file);
}

static _Noreturn void be_job(struct outcome *outcome, const char *name, const struct job *job, uint64_t n)
{
	/* Its name first: a process without it, in a cgroup of functions, would be a stranger there. */
	prctl(PR_SET_NAME, name);
	enter_place(outcome);
	begin_child();

	const char *problem = job->run(n, factor_of(job), outcome->text);

	if (problem)
		fail_child(outcome, "run job", job->name, problem);
	_exit(0);
}

static _Noreturn void be_program(struct outcome *outcome, char **argv)
{
	die_with_parent();
	enter_place(outcome);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &child_mask, NULL);

	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0)
		fail_child(outcome, "open", "/dev/null", strerror(errno));
	if (null > 2)
		close(null);
	execv(argv[0], argv);
	fail_child(outcome, "execute", argv[0], strerror(errno));
}

/* The first free slot, its outcome cleared; NULL where there is none. */
static struct slot *free_slot(void)
{
	unsigned i = 0;

	while (i < slots_used && slots[i].pid != 0)
		i++;
	if (i == SLOTS)
		return NULL;
	if (i == slots_used)
		slots_used++;
	memset(&outcomes[i], 0, sizeof(outcomes[i]));
	return &slots[i];
}

static void refuse(uint64_t id, const char *reason)
{
	answer("%" PRIu64 " 0 refused 0 0 %s\n", id, encode_field(reason, RESULT_BYTES));
}

/* Forks for a request of the function `name`: in the child returns the outcome to fill; in the parent, and on failure, NULL. */
static struct outcome *fork_invocation(uint64_t id, const char *name)
{
	struct slot *slot = free_slot();

	if (!slot) {
		refuse(id, "too many invocations at once");
		return NULL;
	}
	pid_t pid = fork();

	if (pid == 0)
		return &outcomes[slot - slots];
	if (pid < 0) {
		refuse(id, "cannot fork: no more processes or no memory");
		return NULL;
	}
	*slot = (struct slot){ pid, id };
	announce_start(pid, name);
	return NULL;
}

void start_job(uint64_t id, const char *name, const struct job *job, uint64_t n)
{
	struct outcome *outcome = fork_invocation(id, name);

	if (outcome)
		be_job(outcome, name, job, n);
}

void start_program(uint64_t id, const char *name, char **argv)
{
	struct outcome *outcome = fork_invocation(id, name);

	if (outcome)
		be_program(outcome, argv);
}

static uint64_t microseconds(struct timeval time)
{
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_usec;
}

uint64_t cpu_us_of(const struct rusage *usage)
{
	return microseconds(usage->ru_utime) + microseconds(usage->ru_stime);
}

static void answer_for(const struct slot *slot, int status, const struct rusage *usage)
{
	const struct outcome *outcome = &outcomes[slot - slots];
	const char *text = encode_field(outcome->text, RESULT_BYTES);
	uint64_t cpu_us = cpu_us_of(usage);

	if (WIFSIGNALED(status))
		answer("%" PRIu64 " %d signalled %d %" PRIu64 "\n", slot->id, slot->pid, WTERMSIG(status), cpu_us);
	else if (outcome->failed)
		answer("%" PRIu64 " %d refused 0 %" PRIu64 " %s\n", slot->id, slot->pid, cpu_us, text);
	else
		answer("%" PRIu64 " %d exited %d %" PRIu64 " %s\n", slot->id, slot->pid, WEXITSTATUS(status), cpu_us, text);
}

void reap_invocations(void)
{
	struct rusage usage;
	int status;
	pid_t pid;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		unsigned i = 0;

		if (instance_ended(pid, status, &usage))
			continue;
		while (i < slots_used && slots[i].pid != pid)
			i++;
		if (i == slots_used)
			continue; /* a descendant that its own parent left behind */
		answer_for(&slots[i], status, &usage);
		announce_end(pid, cpu_us_of(&usage));
		slots[i].pid = 0;
		while (slots_used > 0 && slots[slots_used - 1].pid == 0)
			slots_used--;
	}
}

/* Sends SIGKILL to every child, adopted ones included; false where the kernel does not list them. */
static bool kill_children(void)
{
	char path[64];
	long pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", parent);

	FILE *children = fopen(path, "re");

	if (!children)
		return false;
	while (fscanf(children, "%ld", &pid) == 1)
		kill((pid_t)pid, SIGKILL);
	fclose(children);
	return true;
}

void end_invocations(void)
{
	pid_t ended;

	do {
		/* Where the kernel does not list children, end the whole group, this process included. */
		if (!kill_children())
			kill(0, SIGKILL);
		/* Children of who dies here become this process's own, and the next round finds them. */
		ended = wait4(-1, NULL, 0, NULL);
		while (ended > 0 && wait4(-1, NULL, WNOHANG, NULL) > 0)
			;
	} while (ended > 0 || errno == EINTR);
}
