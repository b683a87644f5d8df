/* SPDX-License-Identifier: Apache-2.0 */
/* The invocations under way: one child process each. */
#ifndef ALPS_INVOCATIONS_H
#define ALPS_INVOCATIONS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "functions.h"

/*
 * Sets up the memory in which children leave their results. `inherited` is the signal mask that children get back. False,
 * with errno set, where there is no memory.
 */
bool open_invocations(const sigset_t *inherited);

/* In a child: nothing of it outlives this process, and it gets its signal mask back. */
void begin_child(void);

/* User and system time, in microseconds. */
uint64_t cpu_us_of(const struct rusage *usage);
/* From now on, each invocation is in a session of its own. */
void use_sessions(void);

/* The next invocation's process moves itself by writing 0 into this file: a cgroup's; NULL: it stays. Not copied. */
void join_next(const char *file);

/* Forks a process for a job; its comm is `name` (the kernel keeps 15 bytes). Answers at once only if it cannot. */
void start_job(uint64_t id, const char *name, const struct job *job, uint64_t n);

/* Forks a process that becomes the program argv[0], for the function `name`. Answers at once only if it cannot fork. */
void start_program(uint64_t id, const char *name, char **argv);

/* Answers for every child that has ended. Never waits. */
void reap_invocations(void);

/* Kills every invocation, the descendants that they left behind included, and waits until they are gone. */
void end_invocations(void);

#endif
