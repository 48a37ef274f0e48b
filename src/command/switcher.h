/* SPDX-License-Identifier: MIT */
/*
 * Switches sites on and off in running processes, as `ttlog-ctl level` and `filter` say, and back
 * when the time of a change is over. One thread.
 *
 * A change for some processes is for those that are there, and for those that come while it lasts.
 */
#ifndef TTLOG_SWITCHER_H
#define TTLOG_SWITCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "changes.h"

struct attach;
struct drain;
struct selector;
struct site_choice;
struct site_filter;
struct status_board;

#define SWITCHER_ERROR_BYTES 512

struct switcher {
	struct attach *attach;
	struct drain *drain; /* is asked which processes there are */
	struct status_board *board;
	struct changes changes;
	struct site_choice *choice; /* the last one that was applied; NULL: that of the start */
	bool has_processes;         /* some have sites of their own; atomic */
};

/* What a command did. */
struct switched {
	size_t process_cnt; /* that it is for, and that are there now */
	uint64_t site_cnt, enabled_cnt;
};

void switcher__fini(struct switcher *switcher);

/* 0 or -errno; then error says why: -EINVAL: the command makes no sense, and nothing has changed. */
int switcher__level(struct switcher *switcher, const struct selector *selector, const char *levels,
		    uint64_t for_ns, struct switched *ret, char *error, size_t error_size);
int switcher__filter(struct switcher *switcher, const char *texts, size_t bytes,
		     struct switched *ret, char *error, size_t error_size);
/* See changes__rebase(). */
int switcher__rebase(struct switcher *switcher, struct site_filter *base, char *error,
		     size_t error_size);
/* Ends what is over. */
int switcher__expire(struct switcher *switcher, char *error, size_t error_size);
/* There are other processes than before. */
int switcher__refresh(struct switcher *switcher, char *error, size_t error_size);

#endif /* TTLOG_SWITCHER_H */
