// SPDX-License-Identifier: Apache-2.0
#include "protocol.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decodes in place: a decoded field is never longer than an encoded one. */
static bool decode(char *field)
{
	char *to = field;

	for (const char *from = field; *from; from++) {
		if (*from == '%') {
			int high = hex_digit(from[1]), low = high < 0 ? -1 : hex_digit(from[2]);

			if (low < 0)
				return false;
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
	return true;
}

char *take_field(char **rest)
{
	char *field = *rest, *end;

	if (!field)
		return NULL;
	end = strchr(field, ' ');
	*rest = end ? end + 1 : NULL;
	if (end)
		*end = '\0';
	return decode(field) ? field : NULL;
}

bool take_number(char **rest, uint64_t *value)
{
	const char *digits = take_field(rest);
	size_t length = digits ? strlen(digits) : 0;

	if (length == 0 || length > 19 || strspn(digits, "0123456789") != length)
		return false;
	*value = 0;
	for (; *digits; digits++)
		*value = *value * 10 + (uint64_t)(*digits - '0');
	return true;
}

const char *encode_field(const char *text, unsigned most)
{
	static char encoded[3 * 1024 + 1];
	char *to = encoded;

	for (unsigned i = 0; i < most && i < 1024 && text[i]; i++) {
		unsigned char c = (unsigned char)text[i];

		if (isalnum(c) || strchr("-._=", c))
			*to++ = (char)c;
		else
			to += sprintf(to, "%%%02X", c);
	}
	*to = '\0';
	return encoded;
}
