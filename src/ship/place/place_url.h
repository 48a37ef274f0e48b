/* SPDX-License-Identifier: MIT */
/* The URL of --to: its scheme says which kind of place it is. */
#ifndef TTLOG_PLACE_URL_H
#define TTLOG_PLACE_URL_H

#include "place.h"

struct place_url {
	const struct place_ops *ops;
	void *url; /* ops->parse() made it */
};

/* 0; -EINVAL with a line for the user; -ENOMEM. */
int place_url__parse(struct place_url *ret, const char *text, struct fleet_error *error);
void place_url__fini(struct place_url *url);

#endif /* TTLOG_PLACE_URL_H */
