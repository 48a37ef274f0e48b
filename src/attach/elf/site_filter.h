/* SPDX-License-Identifier: MIT */
/*
 * The sites to record, by the level and the filters of the command line. All other sites stay off,
 * and cost the program nothing.
 */
#ifndef TTLOG_SITE_FILTER_H
#define TTLOG_SITE_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct site_filter;
struct site;

/* Matches all sites. NULL with errno. */
struct site_filter *site_filter__new(void);
/* Holds it once more, until one more site_filter__free(). Any thread. NULL is fine. */
struct site_filter *site_filter__ref(const struct site_filter *filter);
/* NULL is fine. */
void site_filter__free(struct site_filter *filter);

/*
 * Only sites of a level, or above: "info", or by target, as env_logger (of Rust) has it:
 * "info,net.*=debug,db=off". The longest pattern that matches the whole target decides (of two as
 * long the later one); for all other targets, the level without a target: if there is none, trace.
 * "off" takes no site. Takes the place of what was set before. 0 or -errno. With -EINVAL, nothing
 * has changed, and error has a message for the user.
 */
int site_filter__set_levels(struct site_filter *filter, const char *levels, char *error,
			    size_t error_size);

/*
 * Only sites that match: "target=GLOB", "probe=GLOB", "file=GLOB" (the path as compiled, or its
 * last part), or "level" with one of = != < <= > >= and a level's name. A site must match all
 * that were added. Returns 0 or -errno. With -EINVAL, error has a message for the user.
 */
int site_filter__add(struct site_filter *filter, const char *expression, char *error,
		     size_t error_size);

/* Any thread, after the last change. */
bool site_filter__matches(const struct site_filter *filter, const struct site *site);
/* Its two halves: by site_filter__set_levels(), by site_filter__add(). */
bool site_filter__matches_level(const struct site_filter *filter, const struct site *site);
bool site_filter__matches_rules(const struct site_filter *filter, const struct site *site);

#endif /* TTLOG_SITE_FILTER_H */
