/* SPDX-License-Identifier: MIT */
/*
 * The table of sites that `ttlog-collect --list` prints.
 */
#ifndef TTLOG_SITE_LIST_H
#define TTLOG_SITE_LIST_H

#include <stddef.h>
#include <stdio.h>

struct site_table;

struct list_module {
	const char *path;
	const struct site_table *table;
};

/*
 * Prints headings, then one line per site, by target, file and line. Columns are aligned, two
 * spaces apart; messages are in quotes. What is not printable text is escaped, so that a file can't
 * write to the user's terminal. Sites that differ only in index or module (the same header,
 * compiled into several) share a line. With several modules there is a column for them. ret_cnt:
 * the number of lines. Returns 0, -ENOMEM, or -EIO: `out` failed.
 */
int site_list__print(FILE *out, const struct list_module *modules, size_t module_cnt,
		     size_t *ret_cnt);

/* Prints the groups of sites that -F can tell apart, one per line, at most LIST_CHOICES_MAX, and
 * how many are left out. Escaped, too. */
#define LIST_CHOICES_MAX 12u
int site_list__print_choices(FILE *out, const struct site_table *table);

#endif /* TTLOG_SITE_LIST_H */
