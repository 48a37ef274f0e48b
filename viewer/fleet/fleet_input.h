/* SPDX-License-Identifier: MIT */
/*
 * nats:// on the command line: files of many machines. ttlog-fleet, a child, talks to the servers. It has
 * files in the cache locked while it lives, and ends with this process.
 */
#ifndef TTLOG_VIEW_FLEET_INPUT_H
#define TTLOG_VIEW_FLEET_INPUT_H

#include <stdbool.h>

#include "fleet_program.h"
#include "options.h"

struct out;

struct fleet_input {
	char **urls; /* of argv */
	size_t url_cnt;
	struct fleet_program program;
	bool is_running;
	bool is_partial; /* something could not be fetched, which was said */
	struct options_name *names;
	size_t name_cnt, name_cap;
	size_t *places; /* of each name: its URL's number */
	size_t place_cap;
};

/*
 * Puts files in the place of URLs in options->files. 0, also without a URL; -EINVAL: usage; or another
 * -errno: there is nothing to show. What is wrong was said.
 */
int fleet_input__fetch(struct fleet_input *ret, struct options *options);

/* For --info: takes URLs from options->files. */
int fleet_input__take(struct fleet_input *ret, struct options *options);
/* What these have, as text or JSON. As fleet_input__fetch(). */
int fleet_input__list(struct fleet_input *fleet, const struct options *options, struct out *out);

void fleet_input__fini(struct fleet_input *fleet);

#endif /* TTLOG_VIEW_FLEET_INPUT_H */
