/* SPDX-License-Identifier: MIT */
/*
 * The table of USDT probes that `ttlog-collect --list` prints.
 */
#ifndef TTLOG_FOREIGN_LIST_H
#define TTLOG_FOREIGN_LIST_H

#include <stddef.h>
#include <stdio.h>

struct site_table;

struct foreign_list_file {
	const char *path;
	const struct site_table *table;
	size_t own_cnt; /* sites of the table that are not foreign: they come first */
};

/*
 * Prints headings, then a line for each probe: PROVIDER:NAME, as --usdt takes it, the fields, and how
 * many places it has; with several files, which one has it. Escaped. Nothing is printed if there are
 * none. ret_cnt: the number of probes. 0, -ENOMEM, or -EIO: `out` failed.
 */
int foreign_list__print(FILE *out, const struct foreign_list_file *files, size_t file_cnt,
			size_t *ret_cnt);

#endif /* TTLOG_FOREIGN_LIST_H */
