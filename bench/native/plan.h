/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be sent, when it was, and what came back. */
#ifndef ALPS_PLAN_H
#define ALPS_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of an answer that are kept. */
#define ANSWER_MOST 65536

enum state { WAITING, SENDING, READING, DONE, FAILED };

/* One request. Times are in microseconds from the start. */
struct request {
	int64_t due_us, sent_us, done_us;
	char *bytes;
	size_t length, written;
	enum state state;
	const char *reason; /* why it failed */
	char *answer;
	size_t answer_length; /* as it came, also beyond what is kept */
	/* Of one that has a connection to itself (http.c). */
	int socket;
	size_t header_length; /* 0: not all there */
	int64_t body_length;  /* -1: up to the end of the connection; -2: chunks */
	bool closes;
};

/* In the order of their times: `next` of `count` were begun, `ended` have ended, `answered` of those well. */
extern struct request *requests;
extern size_t count, next, answered, ended;

/* A way to send. */
struct transport {
	/* Takes up a request that is due. */
	void (*begin)(struct request *r);
	/* Waits for answers, at most so long. */
	void (*serve)(int64_t wait_us);
};

/* `memory`, or the end of this process where there is none. */
void *must(void *memory);

/* Microseconds from the start. */
int64_t now_us(void);

/* Reads the plan from standard input, and the start is soon. Ends this process where it is malformed. */
void read_plan(void);

/* Keeps a part of an answer, as far as it is to be kept. Returns how much is kept in all. */
size_t keep_answer(struct request *r, const char *part, size_t length);

/* Notes the end of a request. */
void note_end(struct request *r, enum state state, const char *reason);

/* Sends everything at its time. So long after the last one was due, what is unanswered has failed. */
void carry_out(const struct transport *transport, int64_t patience_us);

/* Prints what this process has used, and what became of each. */
void report(void);

#endif
