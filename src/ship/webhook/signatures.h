/* SPDX-License-Identifier: MIT */
/*
 * Which crashes were seen, by their signature, and of which a webhook is still to be told: an SQLite file.
 * It is safe to lose: then what is on the disk here is told once more. Any thread.
 */
#ifndef TTLOG_SIGNATURES_H
#define TTLOG_SIGNATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crash_report.h"

#define SIGNATURES_MOST   4000 /* those that were not seen for the longest time are forgotten */
#define SIGNATURES_WEEK_S (7 * 24 * 3600)

struct signatures;

/* A file that is none is made anew. NULL with errno, and ret_why for the user. */
struct signatures *signatures__open(const char *path, const char **ret_why);
void signatures__free(struct signatures *signatures);

/* Whether the crash of this file was counted. */
bool signatures__has_file(struct signatures *signatures, const char *file, uint64_t inode);
/* Such a file is gone. 0 or -EIO. */
int signatures__forget_file(struct signatures *signatures, const char *file);

/* Counts a crash, and notes its file; it may be news. 0 or -EIO. */
int signatures__see(struct signatures *signatures, const struct crash_report *report,
		    uint64_t inode);

struct signature_news {
	enum crash_news news;
	struct crash_report report;
	uint64_t cnt;      /* crashes with this signature so far */
	uint64_t before_s; /* when the last one before was, if it is back */
};

/* The oldest news of which the webhook was not told, and that it has not refused since the start. -ENOENT:
 * there is none; -EIO. */
int signatures__next(struct signatures *signatures, struct signature_news *ret);
/* It was told of them. Or it refused them: they are passed over until the next start. */
int signatures__told(struct signatures *signatures, const struct crash_report *report);
int signatures__refused(struct signatures *signatures, const struct crash_report *report);

/* How many of which it was not told. */
size_t signatures__count_news(struct signatures *signatures);

#endif /* TTLOG_SIGNATURES_H */
