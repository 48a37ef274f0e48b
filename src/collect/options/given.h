/* SPDX-License-Identifier: MIT */
/*
 * What was written for settings, in order: on the command line, in files, in a section of a file.
 */
#ifndef TTLOG_GIVEN_H
#define TTLOG_GIVEN_H

#include <stdbool.h>
#include <stddef.h>

struct env;
struct setting;

struct given {
	const struct setting *setting;
	char *text;  /* NULL: an option without a value */
	char *place; /* "FILE:LINE"; NULL: the command line */
};

/* All zeros: an empty list. */
struct given_list {
	struct given *items;
	size_t cnt, cap;
};

/* Copies text and place. 0 or -ENOMEM. */
int given_list__add(struct given_list *list, const struct setting *setting, const char *text,
		    const char *place);
/* The same, but takes the place of an earlier one, if the setting can't repeat. */
int given_list__put(struct given_list *list, const struct setting *setting, const char *text,
		    const char *place);
void given_list__fini(struct given_list *list);
/* The last one of that setting; NULL: none. */
const struct given *given_list__find(const struct given_list *list, const struct setting *setting);
/* Whether what is in this list takes the place of what an earlier one says for that setting. */
bool given_list__replaces(const struct given_list *list, const struct setting *setting);

/* Sets it in env. 0 or -errno. With -EINVAL, error has a message for the user that begins with the
 * place, or with the option's name. */
int given__apply(const struct given *given, struct env *env, char *error, size_t error_size);

#endif /* TTLOG_GIVEN_H */
