/* SPDX-License-Identifier: MIT */
/*
 * The files of buckets that URLs mean, newest first, by their indexes alone. What hosts say is checked:
 * a host has only files of its own, and none is from the future.
 */
#ifndef TTLOG_FLEET_FILES_H
#define TTLOG_FLEET_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client_options.h"
#include "index_list.h"

struct text_pool;

/* Texts live as long as the list. They are anything but a zero, and valid UTF-8. */
struct fleet_file {
	uint64_t created_ns; /* since 1970 */
	uint64_t size_bytes, pid;
	size_t url;                             /* its number in the options */
	const char *host, *service, *reason;    /* not escaped; if they were no UTF-8, escaped */
	const char *signal, *frame, *signature; /* "": not known */
	const char *object;      /* HOST/SERVICE/FILE, safe to print; escaped as there */
	char id[INDEX_ID_BYTES]; /* its SHA-256 */
};

struct fleet_files {
	struct fleet_file *items;
	size_t cnt, cap;
	struct text_pool *texts;
	size_t damaged_cnt; /* messages that are none of ttlog's, or of another host */
};

/* Adds the files of one URL. 0; -errno with a line. */
int fleet_files__add(struct fleet_files *files, const struct client_url *url, size_t number,
		     struct nats_link *link, struct fleet_error *error);
/* After all were added. */
void fleet_files__sort(struct fleet_files *files);
void fleet_files__fini(struct fleet_files *files);

/* FILE of its object. */
const char *fleet_file__name(const struct fleet_file *file);

#endif /* TTLOG_FLEET_FILES_H */
