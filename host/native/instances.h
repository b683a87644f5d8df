/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warm instances: processes that stay up and serve one request of their function after another. A function has as many as
 * it had requests at once.
 */
#ifndef ALPS_INSTANCES_H
#define ALPS_INSTANCES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "functions.h"

/* Sets up what instances answer through; from then on there may be some. False, with errno set, where that fails. */
bool open_instances(void);

/* Readable when an instance has answered; -1 where open_instances() was not called. */
int instances_fd(void);

/*
 * Has an instance of the function `name` do a job: one that has rested, else a new one, whose comm is `name` (the kernel
 * keeps 15 bytes). Answers at once only if it cannot.
 */
void serve_job(uint64_t id, const char *name, const struct job *job, uint64_t n);

/* Answers for every request that is done. Never waits. */
void collect_answers(void);

/* A child has ended: if it was an instance, answers for the request that it was serving, if any, and returns true. */
bool instance_ended(pid_t pid, int status, const struct rusage *usage);

#endif
