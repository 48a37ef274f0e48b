/* SPDX-License-Identifier: MIT */
/*
 * Adds foreign sites and their places to a site table that nothing else uses yet.
 *
 *	struct foreign_builder builder = foreign_builder__begin(table, path, report);
 *
 *	err = foreign_builder__add_site(&builder, &site);
 *	...
 *	err = foreign_builder__add_place(&builder, &place);
 */
#ifndef TTLOG_FOREIGN_BUILDER_H
#define TTLOG_FOREIGN_BUILDER_H

#include <stddef.h>
#include <stdint.h>

struct foreign_place;
struct foreign_report;
struct site;
struct site_table;

/* Of one file. */
#define FOREIGN_MAX_PLACES 65536u

struct foreign_builder {
	struct site_table *table;
	const char *path; /* for messages */
	struct foreign_report *report;
	size_t site_cap, place_cap;
};

struct foreign_builder foreign_builder__begin(struct site_table *table, const char *path,
					      struct foreign_report *report);

/* The pool's copy of a text. NULL with errno. */
const char *foreign_builder__text(struct foreign_builder *builder, const char *text);

/*
 * Gives the site its index, after all others (a span takes two), and adds it; its texts must be of
 * the table's pool. Keys of fields that it does not have may be NULL. 0, -ENOMEM, or -E2BIG: the
 * file has too many sites.
 */
int foreign_builder__add_site(struct foreign_builder *builder, struct site *site);
/* 0, -ENOMEM, or -E2BIG: the file has too many. */
int foreign_builder__add_place(struct foreign_builder *builder, const struct foreign_place *place);

#endif /* TTLOG_FOREIGN_BUILDER_H */
