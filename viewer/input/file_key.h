/* SPDX-License-Identifier: MIT */
/* The keys of groups that are the same for all events of a file. */
#ifndef TTLOG_VIEW_FILE_KEY_H
#define TTLOG_VIEW_FILE_KEY_H

#include <ttlog/read.h>

enum file_key {
	FILE_KEY_NONE, /* it is one of events */
	FILE_KEY_HOST,
	FILE_KEY_SERVICE,
	FILE_KEY_SIGNATURE,
};

enum file_key file_key__find(struct ttlog_text name);
/* Absent: the file does not say it. */
struct ttlog_text file_key__value(enum file_key key, const struct ttlog_info *info);

#endif /* TTLOG_VIEW_FILE_KEY_H */
