/* SPDX-License-Identifier: MIT */
/*
 * What the marked programs share: how a test and a program wait for each other.
 *
 * A program says a word on a line of its own on stdout when it has come somewhere; a test answers
 * with a byte on its stdin, or with the end of it. So no test ever has to sleep.
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

/* The number that the word stands for, in 0 to max; ends the program where it is none. */
static inline long app__number(const char *word, long max, const char *usage)
{
	char *end;
	long number = strtol(word, &end, 10);

	if (end == word || *end || number < 0 || number > max)
		app__usage(usage);
	return number;
}

#endif /* APP_H */
