// SPDX-License-Identifier: Apache-2.0
/* fib n: the nth Fibonacci number by the recursion that defines it, so the work is the number itself. */
#include <inttypes.h>
#include <stdio.h>

#include "functions.h"

__attribute__((noinline)) static uint64_t fib(uint64_t n)
{
	/* Opaque, lest the compiler turn the recursion into a loop and the work grow in another way with n. */
	return n < 2 ? n : fib(opaque(n - 1)) + fib(opaque(n - 2));
}

const char *run_fib(uint64_t n, uint32_t factor, char *result)
{
	uint64_t value = 0;

	for (uint32_t i = 0; i < factor; i++)
		value = opaque(fib(opaque(n)));
	snprintf(result, RESULT_BYTES, "%" PRIu64, value);
	return NULL;
}
