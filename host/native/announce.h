/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells another program, through a named pipe, which processes do invocations: what a scheduler that is no part of the kernel
 * has to be told by its platform. A line each, of fields as in protocol.h:
 *
 *   start PID NAME   this process begins an invocation of the function NAME
 *   end PID CPU      it has ended; user and system time in microseconds
 *
 * Where the pipe is full the line is lost: an invocation never waits for who listens.
 */
#ifndef ALPS_ANNOUNCE_H
#define ALPS_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Opens the pipe, which somebody must have open for reading already. False, with errno set, where that fails. */
bool announce_to(const char *path);

/* Without a pipe both do nothing. */
void announce_start(pid_t pid, const char *name);
void announce_end(pid_t pid, uint64_t cpu_us);

#endif
