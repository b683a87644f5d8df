// SPDX-License-Identifier: Apache-2.0
/* The table of jobs as data. */
#include <string.h>

#include "functions.h"

#define ROW(name, function, least, most, factor) { name, function, least, most, factor },
const struct job jobs[] = { JOB_TABLE(ROW) };
#undef ROW

const unsigned job_count = sizeof(jobs) / sizeof(jobs[0]);

static uint32_t work_thousandths = 1000;

void scale_work(uint32_t thousandths)
{
	work_thousandths = thousandths;
}

uint32_t factor_of(const struct job *job)
{
	uint64_t factor = ((uint64_t)job->factor * work_thousandths + 500) / 1000;

	return factor < 1 ? 1 : factor > UINT32_MAX ? UINT32_MAX : (uint32_t)factor;
}

const struct job *find_job(const char *name)
{
	for (unsigned i = 0; i < job_count; i++) {
		if (strcmp(jobs[i].name, name) == 0)
			return &jobs[i];
	}
	return NULL;
}
