/* SPDX-License-Identifier: MIT */
/*
 * Which sites to record: the level and the filters of the command line. Sites that are left off
 * are not attached to, and cost the program nothing.
 */
#ifndef TTLOG_SELECT_H
#define TTLOG_SELECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct selection;
struct site;

/* Of all sites. NULL with errno. */
struct selection *selection__new(void);
/* NULL is fine. */
void selection__free(struct selection *selection);

/* Only sites of this level or above (enum ttlog_level). */
void selection__set_level(struct selection *selection, uint8_t level);

/*
 * Only sites that match: "target=GLOB", "probe=GLOB", "file=GLOB" (the path as compiled, or its
 * last part), or "level" with one of = != < <= > >= and a level's name. A site must match all
 * that were added. Returns 0 or -errno; at -EINVAL, error has what is wrong, for the user.
 */
int selection__add_filter(struct selection *selection, const char *expression, char *error,
			  size_t error_size);

/* Any thread, once all filters are in. */
bool selection__matches(const struct selection *selection, const struct site *site);

#endif /* TTLOG_SELECT_H */
