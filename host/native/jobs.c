// SPDX-License-Identifier: Apache-2.0
/* The table of jobs as data. */
#include <string.h>

#include "functions.h"

#define ROW(name, function, least, most, factor) { name, function, least, most, factor },
const struct job jobs[] = { JOB_TABLE(ROW) };
#undef ROW

const unsigned job_count = sizeof(jobs) / sizeof(jobs[0]);

const struct job *find_job(const char *name)
{
	for (unsigned i = 0; i < job_count; i++) {
		if (strcmp(jobs[i].name, name) == 0)
			return &jobs[i];
	}
	return NULL;
}
