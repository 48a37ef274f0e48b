/* SPDX-License-Identifier: MIT */
/* What a file is about, for its object and its message in the index. */
#ifndef TTLOG_FILE_INFO_H
#define TTLOG_FILE_INFO_H

#include <stddef.h>

#include "fleet_name.h"
#include "info_helper.h"

#define FILE_INFO_MOST_BYTES (4u << 20)

struct file_info {
	char *json;
	char service[FLEET_NAME_BYTES], reason[FLEET_NAME_BYTES];
};

/*
 * Of an encrypted file, or of one that ttlog-view can't read, only what its name and its attributes
 * say (snapshot/keep/label.h): pid, time, reason, service, signature. 0; -ENOMEM; or ttlog-view
 * could not be asked, as info_helper__ask(). The caller calls file_info__fini().
 */
int file_info__read(struct file_info *ret, struct info_helper *helper, const char *name, int fd,
		    const char *host);
/* Begins to find out, for calls of file_info__read() that come soon; see info_helper__begin(). */
void file_info__begin(struct info_helper *helper, size_t who, const struct spool_names *names);
void file_info__fini(struct file_info *info);

#endif /* TTLOG_FILE_INFO_H */
