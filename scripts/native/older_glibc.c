// SPDX-License-Identifier: Apache-2.0
/*
 * Where glibc is 2.38 or newer, its headers have strtol() and its like call functions of C23, which older versions do not
 * have: what is compiled there would start nowhere else. With these in the same shared object the linker takes them, and
 * glibc's functions of old are called. They differ in one thing: the newer ones know binary numbers such as 0b11.
 */
#undef _GNU_SOURCE
#define _POSIX_C_SOURCE 200809L
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

long __isoc23_strtol(const char *text, char **end, int base)
{
	return strtol(text, end, base);
}

unsigned long __isoc23_strtoul(const char *text, char **end, int base)
{
	return strtoul(text, end, base);
}

long long __isoc23_strtoll(const char *text, char **end, int base)
{
	return strtoll(text, end, base);
}

unsigned long long __isoc23_strtoull(const char *text, char **end, int base)
{
	return strtoull(text, end, base);
}

int __isoc23_sscanf(const char *text, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	int count = vsscanf(text, format, values);

	va_end(values);
	return count;
}

int __isoc23_fscanf(FILE *file, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	int count = vfscanf(file, format, values);

	va_end(values);
	return count;
}
