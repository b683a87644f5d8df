// SPDX-License-Identifier: Apache-2.0
/*
 * floatOperation n: sine, cosine and square root of the numbers below n, added up. Its CPU time is proportional to n
 * (up to 10^8 the C library reduces every argument of sine alike), so benchmarks use it to make any CPU time.
 */
#include <math.h>
#include <stdio.h>

#include "functions.h"

const char *run_float_operation(uint64_t n, uint32_t factor, char *result)
{
	double sum = 0;

	for (uint32_t i = 0; i < factor; i++) {
		uint64_t count = opaque(n);

		sum = 0;
		for (uint64_t k = 0; k < count; k++)
			sum += sin((double)k) + cos((double)k) + sqrt((double)k);
	}
	snprintf(result, RESULT_BYTES, "sum=%.6f", sum);
	return NULL;
}
