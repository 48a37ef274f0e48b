/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sql_words.h"

static int is_statement(const char *word)
{
	bool is_command = *word == '.' && !strchr(word, '/');

	return *word != '-' && (is_command || strpbrk(word, " \t\n")) && access(word, F_OK);
}

int sql_words__join(int *argc, char **argv, char **ret_word)
{
	*ret_word = NULL;
	for (int i = 1; i + 1 < *argc && strcmp(argv[i], "--"); i++) {
		if (strcmp(argv[i], "--sql") || !is_statement(argv[i + 1]))
			continue;
		if (asprintf(ret_word, "--sql=%s", argv[i + 1]) < 0) {
			*ret_word = NULL;
			return -ENOMEM;
		}
		argv[i] = *ret_word;
		memmove(&argv[i + 1], &argv[i + 2], (size_t)(*argc - i - 1) * sizeof(*argv));
		--*argc;
		return 0;
	}
	return 0;
}
