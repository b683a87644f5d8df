// SPDX-License-Identifier: Apache-2.0
/* featureExtractor n: the words of a text, found by a regular expression and counted, n times over. */
#include <ctype.h>
#include <inttypes.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "functions.h"

enum {
	TEXT_SEED = 19991231,
	LINES = 200,
	WORDS_PER_LINE = 10,
	VOCABULARY = 400,
	/* Longest word: 4 syllables of 3 letters, and "'s". */
	WORD_BYTES = 16,
	LINE_BYTES = WORDS_PER_LINE * (WORD_BYTES + 2) + 1,
	/* A power of two, well above the number of distinct words. */
	TABLE_ENTRIES = 2048,
};

static const char PATTERN[] = "[[:alpha:]][[:alpha:]']*";

/* The text: made in the parent, read in the children. */
static char text[LINES][LINE_BYTES];

static void make_word(char *word, uint32_t *random)
{
	static const char consonants[] = "bcdfghklmnprstvw", vowels[] = "aeiou";
	uint32_t syllables = 1 + next_random(random) % 4;

	for (uint32_t i = 0; i < syllables; i++) {
		*word++ = consonants[next_random(random) % 16];
		*word++ = vowels[next_random(random) % 5];
		if (next_random(random) % 3 == 0)
			*word++ = consonants[next_random(random) % 16];
	}
	*word = '\0';
}

/* Lines of words, early words of the vocabulary more often, between them capitals, numbers and punctuation. */
void prepare_text(void)
{
	static const char *const endings[] = { " ", " ", " ", ", ", ". ", "'s ", "; ", " 42 " };
	char vocabulary[VOCABULARY][WORD_BYTES];
	uint32_t random = TEXT_SEED;

	for (int i = 0; i < VOCABULARY; i++)
		make_word(vocabulary[i], &random);
	for (int line = 0; line < LINES; line++) {
		char *at = text[line];

		for (int i = 0; i < WORDS_PER_LINE; i++) {
			uint32_t first = next_random(&random) % VOCABULARY, second = next_random(&random) % VOCABULARY;
			const char *ending = endings[next_random(&random) % 8];
			char *word = at;

			at += sprintf(at, "%s%s", vocabulary[first * second / VOCABULARY], ending);
			if (next_random(&random) % 10 == 0)
				*word = (char)toupper((unsigned char)*word);
		}
	}
}

struct count {
	char word[WORD_BYTES]; /* in small letters; empty: a free entry */
	uint32_t times;
	uint32_t first_seen;
};

struct features {
	uint32_t words;
	uint32_t distinct;
	struct count table[TABLE_ENTRIES];
};

/* Counts a word; what no longer fits an entry is cut off. The text has fewer distinct words than half the table. */
static void count_word(struct features *features, const char *letters, size_t length)
{
	char word[WORD_BYTES] = { 0 };
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length && i < WORD_BYTES - 1; i++) {
		word[i] = (char)tolower((unsigned char)letters[i]);
		hash = (hash ^ (unsigned char)word[i]) * 16777619u;
	}
	features->words++;
	for (uint32_t i = hash;; i++) {
		struct count *entry = &features->table[i % TABLE_ENTRIES];

		if (entry->times == 0) {
			memcpy(entry->word, word, WORD_BYTES);
			entry->first_seen = features->distinct++;
		} else if (memcmp(entry->word, word, WORD_BYTES) != 0) {
			continue;
		}
		entry->times++;
		return;
	}
}

static void extract(const regex_t *pattern, struct features *features)
{
	memset(features, 0, sizeof(*features));
	for (int line = 0; line < LINES; line++) {
		const char *rest = text[line];
		regmatch_t match;

		while (regexec(pattern, rest, 1, &match, rest == text[line] ? 0 : REG_NOTBOL) == 0) {
			count_word(features, rest + match.rm_so, (size_t)(match.rm_eo - match.rm_so));
			rest += match.rm_eo;
		}
	}
}

/* The most frequent word; of equals, the one seen first. */
static const struct count *most_frequent(const struct features *features)
{
	const struct count *top = &features->table[0];

	for (int i = 1; i < TABLE_ENTRIES; i++) {
		const struct count *entry = &features->table[i];

		if (entry->times > top->times || (entry->times == top->times && entry->first_seen < top->first_seen))
			top = entry;
	}
	return top;
}

const char *run_feature_extractor(uint64_t n, uint32_t factor, char *result)
{
	static struct features features;
	const struct count *top;
	regex_t pattern;

	if (regcomp(&pattern, PATTERN, REG_EXTENDED) != 0)
		return "cannot compile the regular expression";
	for (uint64_t i = 0; i < n * factor; i++)
		extract(&pattern, &features);
	regfree(&pattern);
	top = most_frequent(&features);
	snprintf(result, RESULT_BYTES, "words=%" PRIu32 " distinct=%" PRIu32 " top=%s times=%" PRIu32, features.words,
		 features.distinct, top->word, top->times);
	return NULL;
}
