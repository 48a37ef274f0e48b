/* SPDX-License-Identifier: MIT */
/*
 * Shared by the marked programs: how a test and a program wait for each other.
 *
 * At certain steps a program says a word, a line on stdout. The test answers with a byte on the
 * program's stdin, or closes it. So no test has to sleep.
 */
#ifndef APP_H
#define APP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define APP_MAX_THREADS 256

static inline void app__say(const char *word)
{
	printf("%s\n", word);
	fflush(stdout);
}

/* Waits for a byte or for the end of stdin. */
static inline void app__wait(void)
{
	char byte;

	while (read(0, &byte, 1) < 0)
		continue;
}

static inline void app__usage(const char *usage)
{
	fprintf(stderr, "usage: %s\n", usage);
	exit(2);
}

/* The word as a number from 0 to max; ends the program if it is none. */
static inline long app__number(const char *word, long max, const char *usage)
{
	char *end;
	long number = strtol(word, &end, 10);

	if (end == word || *end || number < 0 || number > max)
		app__usage(usage);
	return number;
}

#endif /* APP_H */
