/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the host and its native parent say to each other: lines of fields. Fields are separated by exactly one space and
 * percent-encoded, so that a field may hold any bytes, spaces and newlines included, or none.
 *
 * Requests, on standard input; ID is a decimal number that the answer repeats:
 *
 *   run ID NAME JOB N            runs a job in a new process whose comm is NAME (with --warm: in an instance)
 *   exec ID PROGRAM [ARGUMENT]…  runs a program, given by its path; its argv is PROGRAM ARGUMENT…
 *
 * Before either, `in FILE` has the new process write 0 into FILE first: it joins that cgroup. Before exec, `as NAME` says which
 * function it is, for who is told (announce.h).
 *
 * Answers, on standard output, in the order in which invocations end; CPU is user and system time in microseconds:
 *
 *   jobs NAME:LEAST:MOST:FACTOR…     once, first: the jobs, the range of their n, their work factors
 *   ID PID exited STATUS CPU RESULT  the process called exit, or an instance did the job; RESULT is empty for a program
 *   ID PID signalled NUMBER CPU      a signal ended it
 *   ID PID refused 0 CPU REASON      it could not be started (PID 0: no process was) or could not do its job
 *   0 0 malformed 0 0 REASON         a line that could not be read
 */
#ifndef ALPS_PROTOCOL_H
#define ALPS_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

/* Longest line read, its newline included. */
enum { LINE_MOST = 64 * 1024 };

/*
 * Takes the next field off `*rest`, decoded in place and NUL-terminated, and returns it: a field with a NUL in it reads as
 * shorter. Returns NULL where there is none or its encoding is broken. After the last field `*rest` is NULL.
 */
char *take_field(char **rest);

/* A field that is a decimal number of at most 19 digits; false where it is anything else. */
bool take_number(char **rest, uint64_t *value);

/* Adds one line of printf's making to what write_answers() will write. Fields must be encoded already. */
__attribute__((format(printf, 1, 2))) void answer(const char *format, ...);

/* Encodes `text`, which is at most `most` bytes long; returns a buffer that the next call reuses. */
const char *encode_field(const char *text, unsigned most);

/* Writes the collected answers; false where nobody reads any more. */
bool write_answers(void);

#endif
